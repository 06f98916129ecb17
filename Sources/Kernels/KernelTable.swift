import CKernels

/// Fills the table with this tier's kernels.
func fillKernelTable(_ table: inout gln_kernel_table) {
  table.vector_bytes = Int32(MemoryLayout<Vec>.size)
  table.f32_direct = directAlgorithm()
  table.f32_winograd = winogradAlgorithm()
  table.pooling_units = { Int32(PoolingGeometry.cut($0.unsafelyUnwrapped.pointee).units) }
  table.f32_max_pooling = { arguments, _, unit, _ in
    Pooling(arguments.unsafelyUnwrapped.load(as: gln_pooling.self)).runMaximum(unit)
  }
  table.f32_average_pooling = { arguments, _, unit, scratch in
    Pooling(arguments.unsafelyUnwrapped.load(as: gln_pooling.self)).runAverage(unit, gln_findings_of(scratch))
  }
  table.f32_normalization_units = { Int32(Normalization.cut($0.unsafelyUnwrapped.pointee).units) }
  table.f32_normalization = { arguments, _, unit, scratch in
    Normalization(arguments: arguments.unsafelyUnwrapped.load(as: gln_f32_normalization.self)).run(
      unit, gln_findings_of(scratch))
  }
  table.f32_affine_units = { Int32(Affine.cut($0.unsafelyUnwrapped.pointee).units) }
  table.f32_affine = { arguments, _, unit, scratch in
    Affine(arguments: arguments.unsafelyUnwrapped.load(as: gln_f32_affine.self)).run(unit, gln_findings_of(scratch))
  }
  table.f32_sum_units = { Int32(Sum.cut($0.unsafelyUnwrapped.pointee).units) }
  table.f32_sum = { arguments, _, unit, scratch in
    Sum(arguments: arguments.unsafelyUnwrapped.load(as: gln_f32_sum.self)).run(unit, gln_findings_of(scratch))
  }
  table.f32_activation_units = { Int32(ActivationFunction.cut($0.unsafelyUnwrapped.pointee).units) }
  table.f32_activation = { arguments, _, unit, scratch in
    ActivationFunction(arguments: arguments.unsafelyUnwrapped.load(as: gln_f32_activation.self)).run(
      unit, gln_findings_of(scratch))
  }
  table.f32_softmax = { arguments, _, _, _ in
    Softmax(arguments: arguments.unsafelyUnwrapped.load(as: gln_f32_softmax.self)).run()
  }
  table.f32_pixels_units = { Int32(PixelInput.cut($0.unsafelyUnwrapped.pointee).units) }
  table.f32_pixels = { arguments, _, unit, scratch in
    PixelInput(arguments: arguments.unsafelyUnwrapped.load(as: gln_f32_pixels.self)).run(
      unit, gln_findings_of(scratch))
  }
  table.f32_planes_units = { Int32(PlaneInput.cut($0.unsafelyUnwrapped.pointee).units) }
  table.f32_planes = { arguments, _, unit, _ in
    PlaneInput(arguments: arguments.unsafelyUnwrapped.load(as: gln_f32_planes.self)).run(unit)
  }
  fillIntegerKernels(&table)
}
