import CKernels

/// Fills the table's records of the int8 convolutions.
func fillInt8Convolutions(_ table: inout gln_kernel_table) {
  table.s8_direct = gln_s8_convolution_algorithm(
    supports: { _ in 1 }, extra_input: nil,
    packed_size: { Int8Convolution<Int8Dot>($0.unsafelyUnwrapped.pointee).packedSize },
    pack: { Int8Convolution<Int8Dot>.pack($0, of: Int8.self, $1, $2, $3, $4) }, tile: nil,
    scratch_size: { Int8Convolution<Int8Dot>.scratchSize($0.unsafelyUnwrapped.pointee) },
    unit_count: { Int32(Int8Convolution<Int8Dot>($0.unsafelyUnwrapped.pointee).units) },
    run: { arguments, _, unit, scratch in Int8Convolution<Int8Dot>.run(arguments, unit, scratch) })
  table.s16_direct = gln_s8_convolution_algorithm(
    supports: { _ in 1 }, extra_input: nil,
    packed_size: { Int8Convolution<Int8PairDot>($0.unsafelyUnwrapped.pointee).packedSize },
    pack: { Int8Convolution<Int8PairDot>.pack($0, of: Int16.self, $1, $2, $3, $4) }, tile: nil,
    scratch_size: { Int8Convolution<Int8PairDot>.scratchSize($0.unsafelyUnwrapped.pointee) },
    unit_count: { Int32(Int8Convolution<Int8PairDot>($0.unsafelyUnwrapped.pointee).units) },
    run: { arguments, _, unit, scratch in Int8Convolution<Int8PairDot>.run(arguments, unit, scratch) })
  table.s8_winograd = int8WinogradAlgorithm()
  table.s16_winograd = int16WinogradAlgorithm()
}
