/// What a `gln_model` points to: a model and its texts as C strings.
final class ModelHandle {
  let model: Model
  private let text: UnsafeMutablePointer<CChar>
  private let producerOffset: Int
  private let labelOffsets: [Int]
  private let layerOffsets: [Int]

  init(_ model: Model) {
    self.model = model
    var bytes: [UInt8] = []
    func add(_ string: String) -> Int {
      let offset = bytes.count
      bytes.append(contentsOf: string.utf8)
      bytes.append(0)
      return offset
    }
    let network = model.network
    _ = add(network.name)
    producerOffset = add(network.producer)
    var labels: [Int] = []
    for index in 0..<model.classCount { labels.append(add(model.label(index))) }
    labelOffsets = labels
    var layers: [Int] = []
    for layer in network.layers { layers.append(add(layer.name)) }
    layerOffsets = layers
    text = .allocate(capacity: bytes.count)
    for (index, byte) in bytes.enumerated() { text[index] = CChar(bitPattern: byte) }
  }

  deinit { text.deallocate() }

  var name: UnsafePointer<CChar> { UnsafePointer(text) }
  var producer: UnsafePointer<CChar> { UnsafePointer(text + producerOffset) }

  /// - Parameter index: below the class count.
  func label(_ index: Int) -> UnsafePointer<CChar> { UnsafePointer(text + labelOffsets[index]) }

  /// - Parameter index: below the number of layers.
  func layerName(_ index: Int) -> UnsafePointer<CChar> { UnsafePointer(text + layerOffsets[index]) }

  /// The handle behind a caller's pointer.
  static func from(_ pointer: OpaquePointer?) -> ModelHandle? {
    guard let pointer else { return nil }
    return Unmanaged<ModelHandle>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
  }
}
