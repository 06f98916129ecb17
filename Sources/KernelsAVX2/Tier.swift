import CKernels

typealias Vec = SIMD8<Float>
typealias Bits = SIMD8<UInt32>

/// What the shared kernels need to know of AVX2 and FMA: 16 registers of 8 values, fused multiply-add, masked memory access.
enum Tier {
  /// Output pixels of a register tile: 6 × 2 sums, 2 weights and the broadcast input leave one register free.
  @inline(__always) static var tileColumns: Int { 6 }
  /// Output pixels a row of a register tile that spans two rows, for narrow images.
  @inline(__always) static var pairedTileColumns: Int { 3 }
  /// Vectors of output channels of a register tile.
  @inline(__always) static var tileVectors: Int { 2 }

  @inline(__always) static func multiplyAdd(_ sum: inout Vec, _ a: Vec, _ b: Vec) {
    sum = gln_multiply_add_256(a, b, sum)
  }

  /// The first `count` values, zeros in the other lanes.
  @inline(__always) static func loadFirst(_ count: Int, _ values: UnsafePointer<Float>) -> Vec {
    gln_load_first_256(values, Int32(truncatingIfNeeded: count))
  }

  @inline(__always) static func storeFirst(_ count: Int, _ vector: Vec, _ values: UnsafeMutablePointer<Float>) {
    gln_store_first_256(values, vector, Int32(truncatingIfNeeded: count))
  }

  /// b where a < b, else a.
  @inline(__always) static func larger(_ a: Vec, _ b: Vec) -> Vec { gln_larger_256(a, b) }

  @inline(__always) static func hasNaN(_ vector: Vec) -> Bool { gln_has_nan_256(vector) != 0 }

  /// 1 / √x to float accuracy: the instruction's 12 bits and two Newton steps.
  @inline(__always) static func reciprocalSquareRoot(_ x: Vec) -> Vec {
    newtonStep(x, newtonStep(x, gln_reciprocal_square_root_256(x)))
  }

  /// Half a vector from each of two places.
  @inline(__always) static func loadHalves(_ low: UnsafePointer<Float>, _ high: UnsafePointer<Float>) -> Vec {
    Vec(
      lowHalf: UnsafeRawPointer(low).loadUnaligned(as: SIMD4<Float>.self),
      highHalf: UnsafeRawPointer(high).loadUnaligned(as: SIMD4<Float>.self))
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
      default: ConvolutionTile<1, 6, 1>.run(loop, input, start, weights, output, lastLanes)
      }
    case (1, 2):
      switch columns {
      case 1: ConvolutionTile<1, 1, 2>.run(loop, input, start, weights, output, lastLanes)
      case 2: ConvolutionTile<1, 2, 2>.run(loop, input, start, weights, output, lastLanes)
      case 3: ConvolutionTile<1, 3, 2>.run(loop, input, start, weights, output, lastLanes)
      case 4: ConvolutionTile<1, 4, 2>.run(loop, input, start, weights, output, lastLanes)
      case 5: ConvolutionTile<1, 5, 2>.run(loop, input, start, weights, output, lastLanes)
      default: ConvolutionTile<1, 6, 2>.run(loop, input, start, weights, output, lastLanes)
      }
    case (2, 1):
      switch columns {
      case 1: ConvolutionTile<2, 1, 1>.run(loop, input, start, weights, output, lastLanes)
      case 2: ConvolutionTile<2, 2, 1>.run(loop, input, start, weights, output, lastLanes)
      default: ConvolutionTile<2, 3, 1>.run(loop, input, start, weights, output, lastLanes)
      }
    default:
      switch columns {
      case 1: ConvolutionTile<2, 1, 2>.run(loop, input, start, weights, output, lastLanes)
      case 2: ConvolutionTile<2, 2, 2>.run(loop, input, start, weights, output, lastLanes)
      default: ConvolutionTile<2, 3, 2>.run(loop, input, start, weights, output, lastLanes)
      }
    }
  }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func gln_kernels_avx2(_ table: UnsafeMutablePointer<gln_kernel_table>?) {
  guard let table else { return }
  fillKernelTable(&table.pointee)
}
