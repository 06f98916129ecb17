/// The requests of the call that runs, kept in memory that a session has between calls, so that these allocate nothing.
final class RequestTable {
  struct Entry: BitwiseCopyable {
    /// What gives the values; where classes are asked for, the layer of the probabilities.
    let layer: Int
    /// How many classes; 0 where the layer's values are asked for.
    let top: Int
    let rowLength: Int
    let values: UnsafeMutablePointer<Float>?
    let receiver: UnsafeMutablePointer<Int>?
    /// Among the outputs of the plan that runs.
    fileprivate(set) var place = 0
  }

  fileprivate static let usualCount = 16

  private var block: HeapBlock
  private var room: Int
  private(set) var count = 0
  private(set) var layerCount = 0

  fileprivate init(_ block: HeapBlock, room: Int) {
    self.block = block
    self.room = room
  }

  fileprivate static func block(for count: Int) throws(GoogLeNetError) -> HeapBlock {
    let size = count * (MemoryLayout<Entry>.stride + MemoryLayout<Int>.stride)
    guard let block = HeapBlock(byteCount: size) else {
      throw GoogLeNetError(.outOfMemory, "no memory for \(count) requests")
    }
    return block
  }

  var entries: UnsafeMutableBufferPointer<Entry> {
    let start = block.mutableBytes.baseAddress.map { $0.assumingMemoryBound(to: Entry.self) }
    return UnsafeMutableBufferPointer(start: start, count: count)
  }

  /// The layers whose outputs are asked for, each once, in ascending order.
  var layers: UnsafeMutableBufferPointer<Int> {
    let start = block.mutableBytes.baseAddress.map {
      ($0 + room * MemoryLayout<Entry>.stride).assumingMemoryBound(to: Int.self)
    }
    return UnsafeMutableBufferPointer(start: start, count: layerCount)
  }

  /// Takes the place of the last call's.
  /// - Parameters:
  ///   - images: how many rows each has room for.
  ///   - input: of the network, at the session's size.
  ///   - shapes: of all layers, there too.
  func fill<Requests: RequestList>(
    _ requests: Requests, images: Int, _ model: Model, input: Shape, _ shapes: [Shape]
  ) throws(GoogLeNetError) {
    count = 0
    layerCount = 0
    if requests.count > room {
      let larger = try RequestTable.block(for: requests.count)
      try Allocation.check()
      block = larger
      room = requests.count
    }
    for index in 0..<requests.count {
      let request = try requests.request(at: index)
      var (layer, top) = (model.outputLayer, 0)
      switch request.output {
      case .probabilities: break
      case .logits: layer = model.logitsLayer
      case .features: layer = model.featureLayer
      case .layer(let named): layer = named
      case .top(let classes): top = min(classes, model.classCount)
      }
      let rowLength = top > 0 ? top : layer < 0 ? input.count : shapes[layer].count
      let (needed, overflow) = rowLength.multipliedReportingOverflow(by: images)
      guard !overflow, request.capacity >= needed else {
        throw GoogLeNetError(
          .bufferTooSmall,
          requests.shortage(
            at: index, capacity: request.capacity, needed: overflow ? Int.max : needed, rowLength: rowLength))
      }
      count += 1
      entries[index] = Entry(
        layer: layer, top: top, rowLength: rowLength, values: request.values, receiver: request.rowLength)
      add(layer)
    }
  }

  private func add(_ layer: Int) {
    var place = layerCount
    while place > 0, layers[place - 1] > layer { place -= 1 }
    if place > 0, layers[place - 1] == layer { return }
    layerCount += 1
    let layers = layers
    for index in (place..<layerCount - 1).reversed() { layers[index + 1] = layers[index] }
    layers[place] = layer
  }

  /// Whether a plan with these outputs gives all that is asked for.
  func isWithin(_ outputs: [Int]) -> Bool {
    for layer in layers where !outputs.contains(layer) { return false }
    return true
  }

  /// Whether a plan with these outputs gives all that is asked for, and no more.
  func isExactly(_ outputs: [Int]) -> Bool {
    guard outputs.count == layerCount else { return false }
    for index in 0..<layerCount where outputs[index] != layers[index] { return false }
    return true
  }

  /// Finds the layers among the outputs of the plan that is to run.
  func place(in outputs: [Int]) {
    for index in entries.indices { entries[index].place = outputs.firstIndex(of: entries[index].layer) ?? 0 }
  }
}

extension RequestTable: AllocatedLast {}

extension AllocatedLast where Self == RequestTable {
  /// - Throws: `outOfMemory`.
  init() throws(GoogLeNetError) {
    let room = RequestTable.usualCount
    self = RequestTable(try RequestTable.block(for: room), room: room)
  }
}
