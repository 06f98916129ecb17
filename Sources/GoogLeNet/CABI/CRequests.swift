import CGoogLeNet

/// A caller's array of requests.
struct CRequests: RequestList {
  /// More than anyone asks for, and few enough to sort.
  private static let limit = 1024

  private let requests: StructArray
  private let model: Model

  init(_ requests: UnsafePointer<gln_request>, _ count: Int, of model: Model) throws(GoogLeNetError) {
    guard 1...CRequests.limit ~= count else {
      throw GoogLeNetError(
        .invalidArgument, "request_count is \(UInt(bitPattern: count)): it must be 1 to \(CRequests.limit)")
    }
    self.requests = try StructArray(
      requests, count, known: MemoryLayout<gln_request>.size, "requests", "gln_request")
    self.model = model
  }

  var count: Int { requests.count }

  /// Where the predictions of a request go.
  func predictions(at index: Int) -> UnsafeMutablePointer<gln_prediction>? {
    requests.element(index, as: gln_request.self).values?.assumingMemoryBound(to: gln_prediction.self)
  }

  func request(at index: Int) throws(GoogLeNetError) -> Request {
    let it = requests.element(index, as: gln_request.self)
    do throws(GoogLeNetError) {
      let output = try output(it)
      guard let values = it.values else { throw GoogLeNetError(.invalidArgument, "values is NULL") }
      let size: Int
      if case .top = output { size = MemoryLayout<gln_prediction>.stride } else { size = MemoryLayout<Float>.stride }
      guard AddressSpace.holds(it.capacity, of: size, from: values) else {
        throw Failure.beyondMemory("capacity", it.capacity)
      }
      return Request(
        output, values: values.assumingMemoryBound(to: Float.self), capacity: it.capacity, rowLength: it.row_length)
    } catch {
      throw error.within(error.status == .notFound ? "requests[\(index)].layer: " : "requests[\(index)].")
    }
  }

  private func output(_ it: gln_request) throws(GoogLeNetError) -> Request.Output {
    guard it.top == 0 || it.kind == GLN_REQUEST_TOP else {
      throw GoogLeNetError(.invalidArgument, "top is \(it.top): it must be 0 where kind is not GLN_REQUEST_TOP")
    }
    guard it.layer == nil || it.kind == GLN_REQUEST_LAYER else {
      throw GoogLeNetError(.invalidArgument, "layer is set: it must be NULL where kind is not GLN_REQUEST_LAYER")
    }
    switch it.kind {
    case GLN_REQUEST_PROBABILITIES: return .probabilities
    case GLN_REQUEST_LOGITS: return .logits
    case GLN_REQUEST_FEATURES: return .features
    case GLN_REQUEST_LAYER:
      guard let name = it.layer else { throw GoogLeNetError(.invalidArgument, "layer is NULL") }
      return .layer(try model.index(ofCaller: name))
    case GLN_REQUEST_TOP:
      guard it.top > 0 else {
        throw GoogLeNetError(.invalidArgument, "top is \(it.top): at least 1 is needed")
      }
      return .top(Int(it.top))
    default: throw Failure.unknown("kind", "gln_request_kind", it.kind.rawValue)
    }
  }

  func shortage(at index: Int, capacity: Int, needed: Int, rowLength: Int) -> String {
    "requests[\(index)].capacity is \(capacity): \(needed) are needed, \(rowLength) a view"
  }
}
