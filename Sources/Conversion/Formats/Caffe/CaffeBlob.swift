import CForeignFormats
import GoogLeNet

/// A trained array of a Caffe layer.
struct CaffeBlob {
  /// As the file has them; the legacy form always has four, with leading ones.
  let dims: [Int]
  private let floats: UnsafeBufferPointer<Float>
  private let doubles: UnsafeBufferPointer<Double>

  init(_ it: Caffe__BlobProto) {
    if let shape = it.shape {
      dims = CaffeBlob.dims(shape.pointee)
    } else {
      dims = [Int(it.num), Int(it.channels), Int(it.height), Int(it.width)]
    }
    floats = UnsafeBufferPointer(start: it.data, count: it.n_data)
    doubles = UnsafeBufferPointer(start: it.double_data, count: it.n_double_data)
  }

  static func all(_ count: Int, _ blobs: UnsafeMutablePointer<UnsafeMutablePointer<Caffe__BlobProto>?>?) -> [CaffeBlob]
  {
    UnsafeBufferPointer(start: blobs, count: count).compactMap { $0.map { CaffeBlob($0.pointee) } }
  }

  static func dims(_ shape: Caffe__BlobShape) -> [Int] {
    UnsafeBufferPointer(start: shape.dim, count: shape.n_dim).map { Int($0) }
  }

  var count: Int { doubles.isEmpty ? floats.count : doubles.count }

  var values: [Float] { doubles.isEmpty ? [Float](floats) : doubles.map(Float.init) }

  /// A tensor of other dimensions, whose product must be the number of values.
  func tensor(_ dims: [Int], _ budget: ValueBudget) throws(GoogLeNetError) -> Tensor {
    try Tensor(dims: dims, count: count, budget) { output in
      for index in output.indices { output[index] = doubles.isEmpty ? floats[index] : Float(doubles[index]) }
    }
  }

  /// `dims` without leading ones.
  var core: [Int] { [Int](dims.drop { $0 == 1 }) }

  var text: String { "\(dims.map(String.init).joined(separator: " x ")) (\(count) values)" }
}
