import CKernels

typealias Sums = SIMD16<Int32>

/// What the int8 kernels need to know of the tier's vectors.
enum Int8Tier {
  /// Bytes and 16-bit numbers, as many as a vector holds.
  typealias Bytes = SIMD64<UInt8>
  typealias Words = SIMD32<UInt16>

  /// Output pixels of a register tile of AVX-512: 14 × 2 sums, 2 weights and the broadcast input leave one register free.
  @inline(__always) static var tileColumns: Int { 14 }
  /// Output pixels a row of a register tile that spans two rows, for narrow images.
  @inline(__always) static var pairedTileColumns: Int { 7 }

  @inline(__always) static func larger(_ a: Bytes, _ b: Bytes) -> Bytes { gln_larger_u8_64(a, b) }

  @inline(__always) static func larger(_ a: Words, _ b: Words) -> Words { gln_larger_u16_32(a, b) }

  @inline(__always) static func floats(_ values: Sums) -> Vec { gln_float_s32_16(values) }

  @inline(__always) static func load(_ values: UnsafePointer<UInt8>) -> Sums { gln_load_u8_16(values) }

  @inline(__always) static func load(_ values: UnsafePointer<UInt16>) -> Sums { gln_load_u16_16(values) }

  /// A vector of bytes' values as 16-bit numbers.
  @inline(__always) static func loadWords(_ values: UnsafePointer<UInt8>) -> Words { gln_load_words_32(values) }

  /// Stores the first `count` values, which may be all, rounded to the nearest integer and clamped.
  @inline(__always) static func store(_ values: Vec, _ place: UnsafeMutablePointer<UInt8>, count: Int) {
    if count >= Vec.scalarCount {
      gln_store_u8_16(place, values)
    } else {
      gln_store_first_u8_16(place, values, Int32(truncatingIfNeeded: count))
    }
  }

  /// Stores the first `count` values, which may be all, rounded to the nearest integer and clamped.
  @inline(__always) static func store(_ values: Vec, _ place: UnsafeMutablePointer<UInt16>, count: Int) {
    if count >= Vec.scalarCount {
      gln_store_u16_16(place, values)
    } else {
      gln_store_first_u16_16(place, values, Int32(truncatingIfNeeded: count))
    }
  }

  /// Stores the first `count` of two vectors' values, which may be all, rounded to the nearest integer and clamped: four of the first
  /// vector, four of the second, and so on.
  @inline(__always)
  static func storeFours(_ first: Vec, _ second: Vec, _ place: UnsafeMutablePointer<UInt8>, count: Int) {
    if count >= 2 &* Vec.scalarCount {
      gln_store_u8_fours_16(place, first, second)
    } else {
      gln_store_first_u8_fours_16(place, first, second, Int32(truncatingIfNeeded: count))
    }
  }

  /// Stores the first `count` of two vectors' values, which may be all, rounded to the nearest integer and clamped: four of the first
  /// vector, four of the second, and so on.
  @inline(__always)
  static func storeFours(_ first: Vec, _ second: Vec, _ place: UnsafeMutablePointer<UInt16>, count: Int) {
    if count >= 2 &* Vec.scalarCount {
      gln_store_u16_fours_16(place, first, second)
    } else {
      gln_store_first_u16_fours_16(place, first, second, Int32(truncatingIfNeeded: count))
    }
  }

  /// The sum of the products of each lane's two signed 16-bit halves.
  @inline(__always) static func multiplyPairs(_ a: Sums, _ b: Sums) -> Sums { gln_multiply_pairs_512(a, b) }

  /// Each lane from its left neighbour, the first from the last lane of `previous`.
  @inline(__always) static func lanesUp(_ values: Sums, _ previous: Sums) -> Sums { gln_lanes_up_16(values, previous) }

  /// Each lane from its right neighbour, the last from the first lane of `next`.
  @inline(__always) static func lanesDown(_ values: Sums, _ next: Sums) -> Sums { gln_lanes_down_16(values, next) }

  /// Stores the first even value, the first odd one, the second even one …, rounded to the nearest integer and clamped.
  @inline(__always) static func storePairs(_ even: Vec, _ odd: Vec, _ place: UnsafeMutablePointer<UInt8>) {
    gln_store_u8_pairs_16(place, even, odd)
  }

  /// Writes 3 channels of the first pixels of a row, four pixels at a time, as far as whole vectors may be read.
  ///
  /// - Returns: how many pixels are done.
  @inline(__always) static func shufflePixels(
    _ pixels: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, _ width: Int, _ pixelBytes: Int,
    _ offsets: (Int32, Int32, Int32, Int32)
  ) -> Int {
    var order = SIMD16<UInt8>(repeating: 0x80)
    for pixel in 0..<4 {
      order[3 &* pixel] = UInt8(truncatingIfNeeded: pixel &* pixelBytes &+ Int(offsets.0))
      order[3 &* pixel &+ 1] = UInt8(truncatingIfNeeded: pixel &* pixelBytes &+ Int(offsets.1))
      order[3 &* pixel &+ 2] = UInt8(truncatingIfNeeded: pixel &* pixelBytes &+ Int(offsets.2))
    }
    var column = 0
    while (column &* pixelBytes &+ 16) <= width &* pixelBytes {
      gln_shuffle_bytes_12(output + 3 &* column, pixels + column &* pixelBytes, order)
      column &+= 4
    }
    return column
  }
}
