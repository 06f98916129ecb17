import CKernels

/// The table's record of Winograd convolution.
func winogradAlgorithm() -> gln_f32_convolution_algorithm {
  gln_f32_convolution_algorithm(
    name: cName("winograd"), phases: 2,
    supports: { shape in WinogradConvolution.supports(shape.unsafelyUnwrapped.pointee) ? 1 : 0 },
    extra_input: { shape, rows, columns in
      let shape = shape.unsafelyUnwrapped.pointee
      let convolution = WinogradConvolution(shape)
      rows.unsafelyUnwrapped.pointee = Int32(convolution.extraInput(convolution.height))
      columns.unsafelyUnwrapped.pointee = Int32(convolution.extraInput(convolution.width))
    },
    packed_size: { shape in WinogradConvolution(shape.unsafelyUnwrapped.pointee).packedSize },
    pack: { shape, weights, bias, packed in
      WinogradPacking(convolution: WinogradConvolution(shape.unsafelyUnwrapped.pointee))
        .pack(weights.unsafelyUnwrapped, bias, packed.unsafelyUnwrapped)
    },
    tile: { shape, outputs, taps in
      let convolution = WinogradConvolution(shape.unsafelyUnwrapped.pointee)
      outputs.unsafelyUnwrapped.pointee = Int32(convolution.tileSize)
      taps.unsafelyUnwrapped.pointee = Int32(convolution.taps)
    },
    shared_size: { shape in WinogradConvolution(shape.unsafelyUnwrapped.pointee).sharedSize },
    scratch_size: { shape in WinogradConvolution(shape.unsafelyUnwrapped.pointee).scratchSize },
    unit_count: { shape, phase in
      Int32(WinogradConvolution(shape.unsafelyUnwrapped.pointee).units(phase))
    },
    first_weights: { arguments, unit in
      let arguments = arguments.unsafelyUnwrapped.pointee
      return WinogradConvolution(arguments).firstWeights(arguments, unit)
    },
    run: { arguments, phase, unit, scratch in
      let shape = arguments.unsafelyUnwrapped.load(as: gln_f32_convolution.self)
      WinogradConvolution(shape).run(
        shape, phase, unit, scratch.unsafelyUnwrapped.assumingMemoryBound(to: Float.self))
    })
}
