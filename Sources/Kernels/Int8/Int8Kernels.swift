import CKernels

/// Fills the table with this tier's int8 kernels.
func fillInt8Kernels(_ table: inout gln_kernel_table) {
  fillInt8Convolutions(&table)
  table.u8_max_pooling = { arguments, _, unit, _ in
    Int8Pooling(arguments: arguments.unsafelyUnwrapped.load(as: gln_pooling.self)).runMaximumU8(unit)
  }
  table.u16_max_pooling = { arguments, _, unit, _ in
    Int8Pooling(arguments: arguments.unsafelyUnwrapped.load(as: gln_pooling.self)).runMaximumU16(unit)
  }
  table.u8_average_pooling = { arguments, _, unit, scratch in
    Int8Pooling(arguments: arguments.unsafelyUnwrapped.load(as: gln_pooling.self)).runAverage(
      unit, gln_findings_of(scratch))
  }
  table.u16_normalization_units = { Int32(Int8Normalization.cut($0.unsafelyUnwrapped.pointee).units) }
  table.u16_normalization = { arguments, _, unit, _ in
    Int8Normalization(arguments.unsafelyUnwrapped.load(as: gln_u16_normalization.self)).run(unit)
  }
  table.u8_conversion_units = { Int32(Int8Conversion.cut($0.unsafelyUnwrapped.pointee).units) }
  table.u8_quantize = { arguments, _, unit, _ in
    Int8Conversion(arguments: arguments.unsafelyUnwrapped.load(as: gln_u8_conversion.self)).quantize(unit)
  }
  table.u8_dequantize = { arguments, _, unit, scratch in
    Int8Conversion(arguments: arguments.unsafelyUnwrapped.load(as: gln_u8_conversion.self)).dequantize(
      unit, gln_findings_of(scratch))
  }
  table.u8_pixels_units = { Int32(Int8PixelInput.cut($0.unsafelyUnwrapped.pointee).units) }
  table.u8_pixels = { arguments, _, unit, _ in
    Int8PixelInput(arguments: arguments.unsafelyUnwrapped.load(as: gln_u8_pixels.self)).run(unit)
  }
}
