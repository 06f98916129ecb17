import GoogLeNet

/// The sum of x xᵀ over vectors x.
final class GramMatrix {
  let size: Int
  /// Values a row: `size` rounded up to whole blocks.
  let stride: Int
  /// Row-major; of each row only the blocks from the diagonal on are kept.
  private let products: HeapBlock
  /// Edge of the square blocks.
  static let block = 8

  init(size: Int) throws(GoogLeNetError) {
    self.size = size
    stride = GramMatrix.stride(size)
    guard let products = HeapBlock(byteCount: stride * stride * 4) else {
      throw GoogLeNetError(.outOfMemory, "no memory for the statistics of \(size) inputs")
    }
    self.products = products
  }

  static func stride(_ size: Int) -> Int { (size + block - 1) / block * block }

  /// The sum of products of the values at two indices.
  subscript(_ first: Int, _ second: Int) -> Float {
    let values = products.bytes.assumingMemoryBound(to: Float.self)
    return values[min(first, second) * stride + max(first, second)]
  }

  /// Adds vectors.
  /// - Parameter vectors: `count` rows of `stride` values, zeros past `size`; aligned to 32 bytes.
  func add(_ vectors: UnsafePointer<Float>, count: Int, _ team: WorkTeam) {
    let products = self.products.mutableBytes.assumingMemoryBound(to: Float.self).baseAddress!
    // Two bands from opposite ends make units of equal work.
    let bands = stride / GramMatrix.block
    team.forEach((bands + 1) / 2) { unit in
      addBand(unit, vectors, count, products)
      if bands - 1 - unit != unit { addBand(bands - 1 - unit, vectors, count, products) }
    }
  }

  private func addBand(
    _ band: Int, _ vectors: UnsafePointer<Float>, _ count: Int, _ products: UnsafeMutablePointer<Float>
  ) {
    let first = band * GramMatrix.block
    for row in Swift.stride(from: first, to: first + GramMatrix.block, by: 4) {
      var column = first
      while column < stride {
        var sum0 = SIMD8<Float>.zero
        var sum1 = SIMD8<Float>.zero
        var sum2 = SIMD8<Float>.zero
        var sum3 = SIMD8<Float>.zero
        var vector = vectors
        for _ in 0..<count {
          let right = UnsafeRawPointer(vector + column).load(as: SIMD8<Float>.self)
          sum0 += right * vector[row]
          sum1 += right * vector[row &+ 1]
          sum2 += right * vector[row &+ 2]
          sum3 += right * vector[row &+ 3]
          vector += stride
        }
        let output = UnsafeMutableRawPointer(products + row * stride + column)
        let bytes = stride * 4
        GramMatrix.add(sum0, to: output)
        GramMatrix.add(sum1, to: output + bytes)
        GramMatrix.add(sum2, to: output + 2 * bytes)
        GramMatrix.add(sum3, to: output + 3 * bytes)
        column += GramMatrix.block
      }
    }
  }

  @inline(__always)
  private static func add(_ sum: SIMD8<Float>, to place: UnsafeMutableRawPointer) {
    place.storeBytes(of: place.load(as: SIMD8<Float>.self) + sum, as: SIMD8<Float>.self)
  }
}
