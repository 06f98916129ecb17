import CPlatform

/// What a `gln_model` points to: a model, the packed weights that its sessions share, and its texts as C strings.
final class ModelHandle {
  let packedWeights: PackedWeightsCache
  var model: Model { packedWeights.model }
  /// The texts, one after another, each with its NUL; the last one is empty.
  private let text: UnsafeMutablePointer<CChar>
  private let producerOffset: UInt32
  private let labelOffsets: [UInt32]
  private let layerOffsets: [UInt32]
  /// Of key and value of each entry, one after the other.
  private let metadataOffsets: [UInt32]
  private let emptyOffset: UInt32

  private init(_ packedWeights: PackedWeightsCache, text: UnsafeMutablePointer<CChar>) {
    self.packedWeights = packedWeights
    self.text = text
    var end: UInt32 = 0
    /// `ModelLimits.allTextBytes` keeps offsets within 32 bits.
    func add(_ string: String) -> UInt32 {
      var string = string
      let offset = end
      string.withUTF8 {
        for byte in $0 {
          text[Int(end)] = CChar(bitPattern: byte)
          end += 1
        }
      }
      text[Int(end)] = 0
      end += 1
      return offset
    }
    let network = packedWeights.model.network
    _ = add(network.name)
    producerOffset = add(network.producer)
    labelOffsets = network.labels.map(add)
    layerOffsets = network.layers.map { add($0.name) }
    var metadataOffsets: [UInt32] = []
    metadataOffsets.reserveCapacity(2 * network.metadata.count)
    for entry in network.metadata { metadataOffsets += [add(entry.key), add(entry.value)] }
    self.metadataOffsets = metadataOffsets
    emptyOffset = add("")
  }

  /// The handle of a model, as what a caller holds.
  static func make(_ model: Model) throws(GoogLeNetError) -> OpaquePointer {
    let packedWeights = try PackedWeightsCache(of: model)
    let network = model.network
    var size = network.name.utf8.count + network.producer.utf8.count + 3
    for label in network.labels { size += label.utf8.count + 1 }
    for layer in network.layers { size += layer.name.utf8.count + 1 }
    for entry in network.metadata { size += entry.key.utf8.count + entry.value.utf8.count + 2 }
    guard let text = gln_allocate_aligned(size, 16) else {
      throw GoogLeNetError(.outOfMemory, "no memory for \(size) bytes of names, labels and metadata")
    }
    let handle = ModelHandle(packedWeights, text: text.bindMemory(to: CChar.self, capacity: size))
    try Allocation.check()
    return OpaquePointer(Unmanaged.passRetained(handle).toOpaque())
  }

  deinit { gln_free_aligned(text) }

  var name: UnsafePointer<CChar> { UnsafePointer(text) }
  var producer: UnsafePointer<CChar> { UnsafePointer(text + Int(producerOffset)) }

  /// - Parameter index: below the class count.
  func label(_ index: Int) -> UnsafePointer<CChar> {
    UnsafePointer(text + Int(labelOffsets.isEmpty ? emptyOffset : labelOffsets[index]))
  }

  /// - Parameter index: below the number of layers.
  func layerName(_ index: Int) -> UnsafePointer<CChar> { UnsafePointer(text + Int(layerOffsets[index])) }

  var metadataCount: Int { metadataOffsets.count / 2 }

  /// - Parameter index: below the number of entries.
  func metadata(_ index: Int) -> (key: UnsafePointer<CChar>, value: UnsafePointer<CChar>) {
    (UnsafePointer(text + Int(metadataOffsets[2 * index])), UnsafePointer(text + Int(metadataOffsets[2 * index + 1])))
  }

  /// The value of a key; nil where there is none.
  func metadata(of key: UnsafePointer<CChar>) -> UnsafePointer<CChar>? {
    for index in 0..<metadataCount {
      let entry = metadata(index)
      var place = 0
      while entry.key[place] == key[place] {
        if key[place] == 0 { return entry.value }
        place += 1
      }
    }
    return nil
  }

  /// The handle behind a caller's pointer.
  static func from(_ pointer: OpaquePointer?) -> ModelHandle? {
    guard let pointer else { return nil }
    return Unmanaged<ModelHandle>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
  }
}
