import CKernels

typealias Vec = SIMD4<Float>
typealias Bits = SIMD4<UInt32>

/// What the shared kernels need to know of the baseline: 16 registers of 4 values on x86-64.
enum Tier {
  /// Output pixels of a register tile: 6 × 2 sums, 2 weights, the broadcast input and a product.
  @inline(__always) static var tileColumns: Int { 6 }
  /// Output pixels a row of a register tile that spans two rows, for narrow images.
  @inline(__always) static var pairedTileColumns: Int { 3 }
  /// Vectors of output channels of a register tile.
  @inline(__always) static var tileVectors: Int { 2 }

  /// Two operations: without an instruction for it, a fused multiply-add would be a call for each value.
  @inline(__always) static func multiplyAdd(_ sum: inout Vec, _ a: Vec, _ b: Vec) { sum += a * b }

  /// The first `count` values, zeros in the other lanes.
  @inline(__always) static func loadFirst(_ count: Int, _ values: UnsafePointer<Float>) -> Vec {
    var vector = Vec(repeating: 0)
    if count > 0 { vector[0] = values[0] }
    if count > 1 { vector[1] = values[1] }
    if count > 2 { vector[2] = values[2] }
    if count > 3 { vector[3] = values[3] }
    return vector
  }

  @inline(__always) static func storeFirst(_ count: Int, _ vector: Vec, _ values: UnsafeMutablePointer<Float>) {
    if count > 0 { values[0] = vector[0] }
    if count > 1 { values[1] = vector[1] }
    if count > 2 { values[2] = vector[2] }
    if count > 3 { values[3] = vector[3] }
  }

  /// b where a < b, else a.
  @inline(__always) static func larger(_ a: Vec, _ b: Vec) -> Vec { a.replacing(with: b, where: a .< b) }

  @inline(__always) static func hasNaN(_ vector: Vec) -> Bool { gln_has_nan_128(vector) != 0 }

  /// 1 / √x to float accuracy.
  @inline(__always) static func reciprocalSquareRoot(_ x: Vec) -> Vec { 1 / x.squareRoot() }

  /// Half a vector from each of two places.
  @inline(__always) static func loadHalves(_ low: UnsafePointer<Float>, _ high: UnsafePointer<Float>) -> Vec {
    Vec(
      lowHalf: UnsafeRawPointer(low).loadUnaligned(as: SIMD2<Float>.self),
      highHalf: UnsafeRawPointer(high).loadUnaligned(as: SIMD2<Float>.self))
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
public func gln_kernels_portable(_ table: UnsafeMutablePointer<gln_kernel_table>?) {
  guard let table else { return }
  fillKernelTable(&table.pointee)
}
