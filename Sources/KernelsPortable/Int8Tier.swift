import CKernels

typealias Sums = SIMD4<Int32>

/// What the int8 kernels need to know of the tier's vectors.
enum Int8Tier {
  /// Bytes and 16-bit numbers, as many as a vector holds.
  typealias Bytes = SIMD16<UInt8>
  typealias Words = SIMD8<UInt16>

  /// Output pixels of a register tile of the baseline: 6 × 2 sums, 2 weights, the broadcast input and a product.
  @inline(__always) static var tileColumns: Int { 6 }
  /// Output pixels a row of a register tile that spans two rows, for narrow images.
  @inline(__always) static var pairedTileColumns: Int { 3 }

  @inline(__always) static func larger(_ a: Bytes, _ b: Bytes) -> Bytes { gln_larger_u8_16(a, b) }

  @inline(__always) static func larger(_ a: Words, _ b: Words) -> Words { gln_larger_u16_8(a, b) }

  @inline(__always) static func floats(_ values: Sums) -> Vec { gln_float_s32_4(values) }

  @inline(__always) static func load(_ values: UnsafePointer<UInt8>) -> Sums { gln_load_u8_4(values) }

  @inline(__always) static func load(_ values: UnsafePointer<UInt16>) -> Sums { gln_load_u16_4(values) }

  /// A vector of bytes' values as 16-bit numbers.
  @inline(__always) static func loadWords(_ values: UnsafePointer<UInt8>) -> Words { gln_load_words_8(values) }

  /// Stores the first `count` values, which may be all, rounded to the nearest integer and clamped.
  @inline(__always) static func store(_ values: Vec, _ place: UnsafeMutablePointer<UInt8>, count: Int) {
    if count >= Vec.scalarCount {
      gln_store_u8_4(place, values)
    } else {
      var all = SIMD4<UInt8>()
      withUnsafeMutablePointer(to: &all) { all in
        let bytes = UnsafeMutableRawPointer(all).assumingMemoryBound(to: UInt8.self)
        gln_store_u8_4(bytes, values)
        gln_copy_bytes(place, bytes, count)
      }
    }
  }

  /// Stores the first `count` values, which may be all, rounded to the nearest integer and clamped.
  @inline(__always) static func store(_ values: Vec, _ place: UnsafeMutablePointer<UInt16>, count: Int) {
    if count >= Vec.scalarCount {
      gln_store_u16_4(place, values)
    } else {
      var all = SIMD4<UInt16>()
      withUnsafeMutablePointer(to: &all) { all in
        let words = UnsafeMutableRawPointer(all).assumingMemoryBound(to: UInt16.self)
        gln_store_u16_4(words, values)
        gln_copy_bytes(place, words, 2 &* count)
      }
    }
  }

  /// Stores the first `count` of two vectors' values, which may be all, rounded to the nearest integer and clamped: four of the first
  /// vector, four of the second, and so on.
  @inline(__always)
  static func storeFours(_ first: Vec, _ second: Vec, _ place: UnsafeMutablePointer<UInt8>, count: Int) {
    if count >= 2 &* Vec.scalarCount {
      gln_store_u8_fours_4(place, first, second)
    } else {
      var all = SIMD8<UInt8>()
      withUnsafeMutablePointer(to: &all) { all in
        let values = UnsafeMutableRawPointer(all).assumingMemoryBound(to: UInt8.self)
        gln_store_u8_fours_4(values, first, second)
        gln_copy_bytes(place, values, count)
      }
    }
  }

  /// Stores the first `count` of two vectors' values, which may be all, rounded to the nearest integer and clamped: four of the first
  /// vector, four of the second, and so on.
  @inline(__always)
  static func storeFours(_ first: Vec, _ second: Vec, _ place: UnsafeMutablePointer<UInt16>, count: Int) {
    if count >= 2 &* Vec.scalarCount {
      gln_store_u16_fours_4(place, first, second)
    } else {
      var all = SIMD8<UInt16>()
      withUnsafeMutablePointer(to: &all) { all in
        let values = UnsafeMutableRawPointer(all).assumingMemoryBound(to: UInt16.self)
        gln_store_u16_fours_4(values, first, second)
        gln_copy_bytes(place, values, 2 &* count)
      }
    }
  }

  /// The sum of the products of each lane's two signed 16-bit halves.
  @inline(__always) static func multiplyPairs(_ a: Sums, _ b: Sums) -> Sums { gln_multiply_pairs_128(a, b) }

  /// Each lane from its left neighbour, the first from the last lane of `previous`.
  @inline(__always) static func lanesUp(_ values: Sums, _ previous: Sums) -> Sums { gln_lanes_up_4(values, previous) }

  /// Each lane from its right neighbour, the last from the first lane of `next`.
  @inline(__always) static func lanesDown(_ values: Sums, _ next: Sums) -> Sums { gln_lanes_down_4(values, next) }

  /// Stores the first even value, the first odd one, the second even one …, rounded to the nearest integer and clamped.
  @inline(__always) static func storePairs(_ even: Vec, _ odd: Vec, _ place: UnsafeMutablePointer<UInt8>) {
    gln_store_u8_pairs_4(place, even, odd)
  }

  /// Without an instruction for it, pixels are copied one by one.
  @inline(__always) static func shufflePixels(
    _ pixels: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, _ width: Int, _ pixelBytes: Int,
    _ offsets: (Int32, Int32, Int32, Int32)
  ) -> Int { 0 }
}
