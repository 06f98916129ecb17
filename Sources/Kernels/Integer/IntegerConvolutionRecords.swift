import CKernels

/// Fills the table's records of the integer convolutions.
func fillIntegerConvolutions(_ table: inout gln_kernel_table) {
  table.s8_direct = gln_integer_convolution_algorithm(
    supports: { _ in 1 }, extra_input: nil,
    packed_size: { IntegerConvolution<ByteDot>($0.unsafelyUnwrapped.pointee).packedSize },
    pack: { IntegerConvolution<ByteDot>.pack($0, isWide: false, $1, $2, $3, $4) }, tile: nil,
    scratch_size: { IntegerConvolution<ByteDot>.scratchSize($0.unsafelyUnwrapped.pointee) },
    unit_count: { Int32(IntegerConvolution<ByteDot>($0.unsafelyUnwrapped.pointee).units) },
    run: { arguments, _, unit, scratch in IntegerConvolution<ByteDot>.run(arguments, unit, scratch) })
  table.s16_direct = gln_integer_convolution_algorithm(
    supports: { _ in 1 }, extra_input: nil,
    packed_size: { IntegerConvolution<WordDot>($0.unsafelyUnwrapped.pointee).packedSize },
    pack: { IntegerConvolution<WordDot>.pack($0, isWide: true, $1, $2, $3, $4) }, tile: nil,
    scratch_size: { IntegerConvolution<WordDot>.scratchSize($0.unsafelyUnwrapped.pointee) },
    unit_count: { Int32(IntegerConvolution<WordDot>($0.unsafelyUnwrapped.pointee).units) },
    run: { arguments, _, unit, scratch in IntegerConvolution<WordDot>.run(arguments, unit, scratch) })
  table.s8_winograd = byteWinogradAlgorithm()
  table.s16_winograd = wordWinogradAlgorithm()
}

/// The table's record of the Winograd convolution by weights of 16 bits.
func wordWinogradAlgorithm() -> gln_integer_convolution_algorithm {
  var algorithm = byteWinogradAlgorithm()
  algorithm.supports = { shape in
    let isSupported = IntegerWinogradConvolution.supports(
      shape.unsafelyUnwrapped.pointee, mostChannels: IntegerWinogradConvolution.mostChannelsOfWords,
      leastTiles: WordDot.leastWinogradTiles)
    return isSupported ? 1 : 0
  }
  algorithm.pack = { shape, weights, bias, multipliers, packed in
    IntegerWinogradConvolution(shape.unsafelyUnwrapped.pointee).pack(
      IntegerWeights(values: weights.unsafelyUnwrapped, isWide: true), bias.unsafelyUnwrapped,
      multipliers.unsafelyUnwrapped, packed.unsafelyUnwrapped)
  }
  return algorithm
}

/// The table's record of the Winograd convolution by weights of 8 bits.
func byteWinogradAlgorithm() -> gln_integer_convolution_algorithm {
  gln_integer_convolution_algorithm(
    supports: { shape in
      let isSupported = IntegerWinogradConvolution.supports(
        shape.unsafelyUnwrapped.pointee, mostChannels: IntegerWinogradConvolution.mostChannels,
        leastTiles: ByteDot.leastWinogradTiles)
      return isSupported ? 1 : 0
    },
    extra_input: { shape, rows, columns in
      let shape = shape.unsafelyUnwrapped.pointee
      rows.unsafelyUnwrapped.pointee = Int32(IntegerWinogradConvolution.extraInput(Int(shape.output_height)))
      columns.unsafelyUnwrapped.pointee = Int32(IntegerWinogradConvolution.extraInput(Int(shape.output_width)))
    },
    packed_size: { shape in IntegerWinogradConvolution(shape.unsafelyUnwrapped.pointee).packedSize },
    pack: { shape, weights, bias, multipliers, packed in
      IntegerWinogradConvolution(shape.unsafelyUnwrapped.pointee).pack(
        IntegerWeights(values: weights.unsafelyUnwrapped, isWide: false), bias.unsafelyUnwrapped,
        multipliers.unsafelyUnwrapped, packed.unsafelyUnwrapped)
    },
    tile: { _, outputs, taps in
      outputs.unsafelyUnwrapped.pointee = Int32(IntegerWinogradConvolution.tileSize)
      taps.unsafelyUnwrapped.pointee = 3
    },
    scratch_size: { shape in IntegerWinogradConvolution(shape.unsafelyUnwrapped.pointee).scratchSize },
    unit_count: { shape in Int32(IntegerWinogradConvolution(shape.unsafelyUnwrapped.pointee).superblocks) },
    run: { arguments, _, unit, scratch in
      IntegerWinogradConvolution(arguments.unsafelyUnwrapped.load(as: gln_integer_convolution.self)).run(
        unit, scratch.unsafelyUnwrapped)
    })
}
