import CKernels

/// Fills the table with this tier's integer kernels.
func fillIntegerKernels(_ table: inout gln_kernel_table) {
  fillIntegerConvolutions(&table)
  table.u8_max_pooling = { arguments, _, unit, _ in
    IntegerPooling(arguments: arguments.unsafelyUnwrapped.load(as: gln_pooling.self)).runMaximumU8(unit)
  }
  table.u16_max_pooling = { arguments, _, unit, _ in
    IntegerPooling(arguments: arguments.unsafelyUnwrapped.load(as: gln_pooling.self)).runMaximumU16(unit)
  }
  table.u8_average_pooling = { arguments, _, unit, scratch in
    IntegerPooling(arguments: arguments.unsafelyUnwrapped.load(as: gln_pooling.self)).runAverage(
      unit, gln_findings_of(scratch))
  }
  table.u16_normalization_units = { Int32(IntegerNormalization.cut($0.unsafelyUnwrapped.pointee).units) }
  table.u16_normalization = { arguments, _, unit, _ in
    IntegerNormalization(arguments.unsafelyUnwrapped.load(as: gln_u16_normalization.self)).run(unit)
  }
  table.u8_conversion_units = { Int32(ByteConversion.cut($0.unsafelyUnwrapped.pointee).units) }
  table.u8_quantize = { arguments, _, unit, _ in
    ByteConversion(arguments: arguments.unsafelyUnwrapped.load(as: gln_u8_conversion.self)).quantize(unit)
  }
  table.u8_dequantize = { arguments, _, unit, scratch in
    ByteConversion(arguments: arguments.unsafelyUnwrapped.load(as: gln_u8_conversion.self)).dequantize(
      unit, gln_findings_of(scratch))
  }
  table.u8_pixels_units = { Int32(BytePixelInput.cut($0.unsafelyUnwrapped.pointee).units) }
  table.u8_pixels = { arguments, _, unit, _ in
    BytePixelInput(arguments: arguments.unsafelyUnwrapped.load(as: gln_u8_pixels.self)).run(unit)
  }
}
