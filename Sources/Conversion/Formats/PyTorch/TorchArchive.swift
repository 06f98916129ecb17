import GoogLeNet

/// A PyTorch checkpoint: a zip archive of a pickle and the storages that it refers to.
struct TorchArchive {
  private let archive: ZipArchive
  private let file: InputFile
  private let folder: String
  /// Whether it is a TorchScript archive (`torch.jit.save`), whose pickle holds modules in modules.
  private let isScript: Bool

  private static let pickleLimit = 64 << 20
  /// How deep a state dict may lie in dictionaries of dictionaries.
  private static let nestingLimit = 3
  /// How deep a tensor may lie in the modules of a script.
  private static let moduleLimit = 16
  private static let codeLimit = 4 << 20
  private static let keyLimit = 256
  /// Where a script's convolution has its padding: left, right, top, bottom.
  private static let paddingKey = "_reversed_padding_repeated_twice"

  init(_ archive: ZipArchive, _ file: InputFile) throws(GoogLeNetError) {
    self.file = file
    self.archive = archive
    guard let pickle = archive.names.first(where: { $0.hasSuffix("/data.pkl") || $0 == "data.pkl" }) else {
      throw file.unsupported(
        "it is a zip archive without PyTorch's data.pkl or Keras's config.json and model.weights.h5")
    }
    folder = String(pickle.dropLast("data.pkl".count))
    isScript = archive.names.contains(folder + "constants.pkl")
    if archive.names.contains(folder + "byteorder") {
      let order = try archive.read(folder + "byteorder", limit: 64)
      guard order.bytes.elementsEqual("little".utf8) else {
        throw file.unsupported("its tensors are in the byte order '\(String(decoding: order.bytes, as: UTF8.self))'")
      }
    }
  }

  func contents() throws(GoogLeNetError) -> TorchContents {
    let pickle = try archive.read(folder + "data.pkl", limit: TorchArchive.pickleLimit)
    return try withExtendedLifetime(pickle) { () throws(GoogLeNetError) in
      try Unpickler.read(pickle.bytes, file, modules: isScript) { (value) throws(GoogLeNetError) in
        guard case .dictionary(let root) = value else { throw file.unsupported("its pickle is not a dictionary") }
        let script = isScript ? try contents(ofModule: root) : nil
        guard let tensors = isScript ? script?.tensors : TorchArchive.tensors(in: root) else {
          throw file.unsupported(
            isScript
              ? "it is a TorchScript archive without tensors (torch.jit.freeze makes them constants): save the state dict"
              : "it has no dictionary of tensors: save {'state_dict': model.state_dict()}")
        }
        var state = StateDict()
        state.paddings = script?.paddings ?? [:]
        let storages = StorageReader(archive: archive, file: file, folder: folder)
        for (key, tensor) in tensors {
          state.add(
            key,
            StateDict.Entry(dims: tensor.dims, elementType: tensor.storage.elementType) {
              () throws(GoogLeNetError) in try storages.read(tensor, key: key)
            })
        }
        return TorchContents(
          state: state, source: isScript ? .torchScript : .pyTorch,
          classes: root["classes"]?.items?.compactMap(\.string) ?? [],
          transformsInput: isScript ? try scriptTransformsInput() : nil)
      }
    }
  }

  /// Whether a script's code scales its input anew. Of torchvision's GoogLeNet only that part takes single channels.
  ///
  /// - Throws: where convolutions pad with anything but zeros (`padding_mode`), which the state does not tell.
  private func scriptTransformsInput() throws(GoogLeNetError) -> Bool {
    var flag: Bool?
    var takesChannels = false
    for name in archive.names where name.hasPrefix(folder + "code/") && name.hasSuffix(".py") {
      let block = try archive.read(name, limit: TorchArchive.codeLimit)
      let code = withExtendedLifetime(block) { String(decoding: block.bytes, as: UTF8.self) }
      for mode in ["reflect", "replicate", "circular"] where code.contains("\"\(mode)\"") {
        throw file.unsupported("'\(name)' in it pads with the mode '\(mode)': only padding with zeros is supported")
      }
      if code.contains("transform_input : Final[bool] = True") { flag = flag ?? true }
      if code.contains("transform_input : Final[bool] = False") { flag = flag ?? false }
      if code.contains("torch.select(") { takesChannels = true }
    }
    return flag ?? takesChannels
  }

  /// The tensors of a module and the modules in it, by their names joined by dots, and how its convolutions pad; nil
  /// where there are no tensors.
  private func contents(ofModule root: PickleDictionary) throws(GoogLeNetError) -> (
    tensors: [(key: String, tensor: TorchTensor)], paddings: [String: Padding]
  )? {
    var found: [(key: String, tensor: TorchTensor)] = []
    var paddings: [String: Padding] = [:]
    var pending: [(prefix: String, depth: Int, module: PickleDictionary)] = [("", 0, root)]
    var seen: Set<ObjectIdentifier> = [ObjectIdentifier(root)]
    while let (prefix, depth, module) = pending.popLast() {
      for (key, value) in module.items {
        guard let key = key.string, key.utf8.count <= TorchArchive.keyLimit else { continue }
        try file.budget.take(prefix.utf8.count)
        if case .tensor(let tensor) = value { found.append((prefix + key, tensor)) }
        if key == TorchArchive.paddingKey, let sides = value.integers, sides.count == 4,
          sides.allSatisfy({ 0...1024 ~= $0 })
        {
          paddings[String(prefix.dropLast())] = Padding(
            top: sides[2], left: sides[0], bottom: sides[3], right: sides[1])
        }
        if case .dictionary(let inner) = value, depth < TorchArchive.moduleLimit,
          seen.insert(ObjectIdentifier(inner)).inserted
        {
          pending.append(("\(prefix)\(key).", depth + 1, inner))
        }
      }
    }
    return found.isEmpty ? nil : (found, paddings)
  }

  /// The tensors of the state dict.
  private static func tensors(in root: PickleDictionary) -> [(key: String, tensor: TorchTensor)]? {
    stateDict(in: root)?.items.compactMap { (key, value) in
      guard let key = key.string, case .tensor(let tensor) = value else { return nil }
      return (key, tensor)
    }
  }

  /// The first dictionary that holds tensors by name, from the outside in: those that lie as deep go in their order.
  private static func stateDict(in root: PickleDictionary) -> PickleDictionary? {
    var level = [root]
    // A dictionary may stand in many places, also in itself.
    var seen: Set<ObjectIdentifier> = [ObjectIdentifier(root)]
    for _ in 0...nestingLimit {
      var next: [PickleDictionary] = []
      for dictionary in level {
        for (key, value) in dictionary.items {
          if case .tensor = value, key.string != nil { return dictionary }
          if case .dictionary(let inner) = value, seen.insert(ObjectIdentifier(inner)).inserted { next.append(inner) }
        }
      }
      level = next
    }
    return nil
  }

  /// Reads tensors from their storages, each of which is unpacked once.
  private final class StorageReader {
    private let archive: ZipArchive
    private let file: InputFile
    private let folder: String
    private var storages: [String: HeapBlock] = [:]

    init(archive: ZipArchive, file: InputFile, folder: String) {
      self.archive = archive
      self.file = file
      self.folder = folder
    }

    func read(_ tensor: TorchTensor, key: String) throws(GoogLeNetError) -> Tensor {
      let type = tensor.storage.elementType
      guard type.isFloatingPoint else { throw file.unsupported("'\(key)' holds \(type): floats are needed") }
      let count = try checkedCount(tensor, key)
      let block = try storage(tensor.storage, key)
      return try Tensor(dims: tensor.dims, count: count, file.budget) { values in
        var position = [Int](repeating: 0, count: tensor.dims.count)
        var index = tensor.offset
        for place in values.indices {
          values[place] = type.float(block.bytes, index)
          for axis in tensor.dims.indices.reversed() {
            position[axis] += 1
            index += tensor.strides[axis]
            if position[axis] < tensor.dims[axis] { break }
            index -= tensor.strides[axis] * tensor.dims[axis]
            position[axis] = 0
          }
        }
      }
    }

    /// The number of values; every index that they lead to lies within the storage.
    private func checkedCount(_ tensor: TorchTensor, _ key: String) throws(GoogLeNetError) -> Int {
      let wrong = file.invalid(
        "'\(key)' is a tensor of \(tensor.dims) with strides \(tensor.strides) at \(tensor.offset), beyond its storage of \(tensor.storage.count) values"
      )
      guard tensor.dims.count == tensor.strides.count, tensor.offset >= 0, let count = tensor.dims.checkedProduct,
        // Strides of 0 repeat values: no trained weights do, but sizes without end could hide there.
        count <= tensor.storage.count
      else { throw wrong }
      var last = tensor.offset
      for (dim, stride) in zip(tensor.dims, tensor.strides) {
        let (span, overflow) = (dim - 1).multipliedReportingOverflow(by: stride)
        let (sum, sumOverflow) = last.addingReportingOverflow(span)
        // The walk steps one stride beyond the last value before it turns.
        let whole = dim.multipliedReportingOverflow(by: stride)
        guard stride >= 0, !overflow, !sumOverflow, !whole.overflow, !sum.addingReportingOverflow(stride).overflow
        else {
          throw wrong
        }
        last = sum
      }
      guard last < tensor.storage.count else { throw wrong }
      return count
    }

    private func storage(_ storage: TorchStorage, _ key: String) throws(GoogLeNetError) -> HeapBlock {
      let (size, overflow) = storage.count.multipliedReportingOverflow(by: storage.elementType.size)
      guard !overflow else { throw file.invalid("'\(key)' has a storage of \(storage.count) values") }
      let block: HeapBlock
      if let known = storages[storage.key] {
        block = known
      } else {
        block = try archive.read("\(folder)data/\(storage.key)", limit: size)
        storages[storage.key] = block
      }
      guard block.bytes.count >= size else {
        throw file.invalid(
          "'\(key)' needs \(size) bytes of storage '\(storage.key)', which has \(block.bytes.count)")
      }
      return block
    }
  }
}
