import CKernels

typealias Vec = SIMD16<Float>
typealias Bits = SIMD16<UInt32>

/// What the shared kernels need to know of AVX-512: 32 registers of 16 values, fused multiply-add, masked memory access.
enum Tier {
  /// Output pixels of a register tile: 14 × 2 sums, 2 weights and the broadcast input leave one register free.
  @inline(__always) static var tileColumns: Int { 14 }
  /// Output pixels a row of a register tile that spans two rows, for narrow images.
  @inline(__always) static var pairedTileColumns: Int { 7 }
  /// Vectors of output channels of a register tile.
  @inline(__always) static var tileVectors: Int { 2 }

  @inline(__always) static func multiplyAdd(_ sum: inout Vec, _ a: Vec, _ b: Vec) {
    sum = gln_multiply_add_512(a, b, sum)
  }

  /// The first `count` values, zeros in the other lanes.
  @inline(__always) static func loadFirst(_ count: Int, _ values: UnsafePointer<Float>) -> Vec {
    gln_load_first_512(values, Int32(truncatingIfNeeded: count))
  }

  @inline(__always) static func storeFirst(_ count: Int, _ vector: Vec, _ values: UnsafeMutablePointer<Float>) {
    gln_store_first_512(values, vector, Int32(truncatingIfNeeded: count))
  }

  /// b where a < b, else a.
  @inline(__always) static func larger(_ a: Vec, _ b: Vec) -> Vec { gln_larger_512(a, b) }

  @inline(__always) static func hasNaN(_ vector: Vec) -> Bool { gln_has_nan_512(vector) != 0 }

  /// 1 / √x to float accuracy: the instruction's 14 bits and one Newton step.
  @inline(__always) static func reciprocalSquareRoot(_ x: Vec) -> Vec {
    newtonStep(x, gln_reciprocal_square_root_512(x))
  }

  /// Half a vector from each of two places.
  @inline(__always) static func loadHalves(_ low: UnsafePointer<Float>, _ high: UnsafePointer<Float>) -> Vec {
    Vec(
      lowHalf: UnsafeRawPointer(low).loadUnaligned(as: SIMD8<Float>.self),
      highHalf: UnsafeRawPointer(high).loadUnaligned(as: SIMD8<Float>.self))
  }

  /// Runs the register tile of the given size.
  @inline(__always)
  static func runTile(
    rows: Int, columns: Int, vectors: Int, _ loop: UnsafePointer<TileLoop>, _ input: UnsafePointer<Float>,
    _ start: UnsafePointer<Vec>, _ weights: UnsafePointer<Vec>, _ output: UnsafeMutablePointer<Float>, _ lastLanes: Int
  ) {
    switch (rows, vectors) {
    case (1, 1):
      switch columns {
      case 1: ConvolutionTile<1, 1, 1>.run(loop, input, start, weights, output, lastLanes)
      case 2: ConvolutionTile<1, 2, 1>.run(loop, input, start, weights, output, lastLanes)
      case 3: ConvolutionTile<1, 3, 1>.run(loop, input, start, weights, output, lastLanes)
      case 4: ConvolutionTile<1, 4, 1>.run(loop, input, start, weights, output, lastLanes)
      case 5: ConvolutionTile<1, 5, 1>.run(loop, input, start, weights, output, lastLanes)
      case 6: ConvolutionTile<1, 6, 1>.run(loop, input, start, weights, output, lastLanes)
      case 7: ConvolutionTile<1, 7, 1>.run(loop, input, start, weights, output, lastLanes)
      case 8: ConvolutionTile<1, 8, 1>.run(loop, input, start, weights, output, lastLanes)
      case 9: ConvolutionTile<1, 9, 1>.run(loop, input, start, weights, output, lastLanes)
      case 10: ConvolutionTile<1, 10, 1>.run(loop, input, start, weights, output, lastLanes)
      case 11: ConvolutionTile<1, 11, 1>.run(loop, input, start, weights, output, lastLanes)
      case 12: ConvolutionTile<1, 12, 1>.run(loop, input, start, weights, output, lastLanes)
      case 13: ConvolutionTile<1, 13, 1>.run(loop, input, start, weights, output, lastLanes)
      default: ConvolutionTile<1, 14, 1>.run(loop, input, start, weights, output, lastLanes)
      }
    case (1, 2):
      switch columns {
      case 1: ConvolutionTile<1, 1, 2>.run(loop, input, start, weights, output, lastLanes)
      case 2: ConvolutionTile<1, 2, 2>.run(loop, input, start, weights, output, lastLanes)
      case 3: ConvolutionTile<1, 3, 2>.run(loop, input, start, weights, output, lastLanes)
      case 4: ConvolutionTile<1, 4, 2>.run(loop, input, start, weights, output, lastLanes)
      case 5: ConvolutionTile<1, 5, 2>.run(loop, input, start, weights, output, lastLanes)
      case 6: ConvolutionTile<1, 6, 2>.run(loop, input, start, weights, output, lastLanes)
      case 7: ConvolutionTile<1, 7, 2>.run(loop, input, start, weights, output, lastLanes)
      case 8: ConvolutionTile<1, 8, 2>.run(loop, input, start, weights, output, lastLanes)
      case 9: ConvolutionTile<1, 9, 2>.run(loop, input, start, weights, output, lastLanes)
      case 10: ConvolutionTile<1, 10, 2>.run(loop, input, start, weights, output, lastLanes)
      case 11: ConvolutionTile<1, 11, 2>.run(loop, input, start, weights, output, lastLanes)
      case 12: ConvolutionTile<1, 12, 2>.run(loop, input, start, weights, output, lastLanes)
      case 13: ConvolutionTile<1, 13, 2>.run(loop, input, start, weights, output, lastLanes)
      default: ConvolutionTile<1, 14, 2>.run(loop, input, start, weights, output, lastLanes)
      }
    case (2, 1):
      switch columns {
      case 1: ConvolutionTile<2, 1, 1>.run(loop, input, start, weights, output, lastLanes)
      case 2: ConvolutionTile<2, 2, 1>.run(loop, input, start, weights, output, lastLanes)
      case 3: ConvolutionTile<2, 3, 1>.run(loop, input, start, weights, output, lastLanes)
      case 4: ConvolutionTile<2, 4, 1>.run(loop, input, start, weights, output, lastLanes)
      case 5: ConvolutionTile<2, 5, 1>.run(loop, input, start, weights, output, lastLanes)
      case 6: ConvolutionTile<2, 6, 1>.run(loop, input, start, weights, output, lastLanes)
      default: ConvolutionTile<2, 7, 1>.run(loop, input, start, weights, output, lastLanes)
      }
    default:
      switch columns {
      case 1: ConvolutionTile<2, 1, 2>.run(loop, input, start, weights, output, lastLanes)
      case 2: ConvolutionTile<2, 2, 2>.run(loop, input, start, weights, output, lastLanes)
      case 3: ConvolutionTile<2, 3, 2>.run(loop, input, start, weights, output, lastLanes)
      case 4: ConvolutionTile<2, 4, 2>.run(loop, input, start, weights, output, lastLanes)
      case 5: ConvolutionTile<2, 5, 2>.run(loop, input, start, weights, output, lastLanes)
      case 6: ConvolutionTile<2, 6, 2>.run(loop, input, start, weights, output, lastLanes)
      default: ConvolutionTile<2, 7, 2>.run(loop, input, start, weights, output, lastLanes)
      }
    }
  }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func gln_kernels_avx512(_ table: UnsafeMutablePointer<gln_kernel_table>?) {
  guard let table else { return }
  fillKernelTable(&table.pointee)
}
