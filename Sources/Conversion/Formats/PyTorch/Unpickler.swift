import GoogLeNet

/// Reads Python pickles of protocols 2 to 5 without running anything: of all classes and functions that a pickle may
/// name, only those that make tensors and dictionaries are known, and they are imitated. Any other is refused.
struct Unpickler {
  private let bytes: UnsafeRawBufferPointer
  private let file: InputFile
  private var cursor = 0
  private var stack: [PickleValue] = []
  /// Where on the stack the open marks are.
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  /// All containers: they may hold each other in cycles and at any depth, so they are emptied one by one at the end.
  private var sequences: [PickleSequence] = []
  private var dictionaries: [PickleDictionary] = []
  /// What all values take.
  private let charge: ValueCharge
  /// Whether objects of a script's own classes are known: each is a dictionary of its attributes.
  private let modules: Bool

  /// Bytes that a value takes at most, on the stack and remembered, with what an empty container takes.
  private static let valueSize = 256

  /// - Parameter body: sees what the pickle makes; containers are empty once it has returned.
  static func read<Result>(
    _ bytes: UnsafeRawBufferPointer, _ file: InputFile, modules: Bool = false,
    _ body: (PickleValue) throws(GoogLeNetError) -> Result
  ) throws(GoogLeNetError) -> Result {
    var unpickler = try Unpickler(bytes: bytes, file: file, modules: modules)
    defer { unpickler.tearDown() }
    return try body(try unpickler.run())
  }

  private init(bytes: UnsafeRawBufferPointer, file: InputFile, modules: Bool) throws(GoogLeNetError) {
    charge = try file.budget.charge(0)
    self.bytes = bytes
    self.modules = modules
    self.file = file
  }

  private mutating func tearDown() {
    for sequence in sequences { sequence.items = [] }
    for dictionary in dictionaries { dictionary.items = [] }
  }

  // MARK: - Input

  private func fault(_ what: String) -> GoogLeNetError {
    file.invalid("its pickle is broken at byte \(cursor): \(what)")
  }

  private mutating func take(_ count: Int) throws(GoogLeNetError) -> UnsafeRawBufferPointer {
    guard count >= 0, count <= bytes.count - cursor else { throw fault("it ends too early") }
    defer { cursor += count }
    return UnsafeRawBufferPointer(rebasing: bytes[cursor..<cursor + count])
  }

  /// A little-endian number of 1 to 8 bytes.
  private mutating func number(_ count: Int) throws(GoogLeNetError) -> UInt64 {
    var value: UInt64 = 0
    for (index, byte) in try take(count).enumerated() { value |= UInt64(byte) << UInt64(8 * index) }
    return value
  }

  private mutating func length(_ count: Int) throws(GoogLeNetError) -> Int {
    guard let length = Int(exactly: try number(count)) else { throw fault("it ends too early") }
    return length
  }

  private mutating func line() throws(GoogLeNetError) -> String {
    let start = cursor
    while cursor < bytes.count, bytes[cursor] != UInt8(ascii: "\n") { cursor += 1 }
    guard cursor < bytes.count else { throw fault("a line is not closed") }
    defer { cursor += 1 }
    return String(decoding: bytes[start..<cursor], as: UTF8.self)
  }

  private mutating func string(_ count: Int) throws(GoogLeNetError) -> PickleValue {
    let text = try take(count)
    try charge.add(text.count)
    return .string(String(decoding: text, as: UTF8.self))
  }

  /// A little-endian number in two's complement of any length; only those that fit an Int are of use.
  private mutating func long(_ count: Int) throws(GoogLeNetError) -> PickleValue {
    let digits = try take(count)
    guard let last = digits.last else { return .integer(0) }
    let fill: UInt8 = last & 0x80 == 0 ? 0 : 0xFF
    guard digits.count <= 8 || digits.dropFirst(8).allSatisfy({ $0 == fill }) else { return .none }
    var value: UInt64 = fill == 0 ? 0 : .max
    for (index, byte) in digits.prefix(8).enumerated() {
      value = value & ~(0xFF << UInt64(8 * index)) | UInt64(byte) << UInt64(8 * index)
    }
    return .integer(Int(truncatingIfNeeded: value))
  }

  // MARK: - Stack

  private func count(_ values: Int) throws(GoogLeNetError) { try charge.add(Unpickler.valueSize * values) }

  private mutating func push(_ value: PickleValue) throws(GoogLeNetError) {
    try count(1)
    stack.append(value)
  }

  /// The lowest place that opcodes may take values from: what an open mark protects stays.
  private var floor: Int { marks.last ?? 0 }

  private mutating func pop() throws(GoogLeNetError) -> PickleValue {
    guard stack.count > floor, let value = stack.popLast() else { throw fault("a value is missing") }
    return value
  }

  private func top() throws(GoogLeNetError) -> PickleValue {
    guard stack.count > floor, let value = stack.last else { throw fault("a value is missing") }
    return value
  }

  private mutating func popMark() throws(GoogLeNetError) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw fault("a mark is missing") }
    defer { stack.removeSubrange(mark...) }
    return [PickleValue](stack[mark...])
  }

  private mutating func sequence(_ items: [PickleValue]) -> PickleValue {
    let sequence = PickleSequence(items)
    sequences.append(sequence)
    return .sequence(sequence)
  }

  private mutating func dictionary() -> PickleDictionary {
    let dictionary = PickleDictionary()
    dictionaries.append(dictionary)
    return dictionary
  }

  private mutating func pushTuple(_ count: Int) throws(GoogLeNetError) {
    var items: [PickleValue] = []
    for _ in 0..<count { items.append(try pop()) }
    try push(sequence(items.reversed()))
  }

  // MARK: - Opcodes

  private mutating func run() throws(GoogLeNetError) -> PickleValue {
    while true {
      let opcode = try take(1)[0]
      if opcode == UInt8(ascii: ".") {
        guard marks.isEmpty else { throw fault("a mark is open at the end") }
        return try pop()
      }
      if try !constant(opcode), try !container(opcode), try !reference(opcode) {
        throw fault("the opcode \(opcode) is not one that PyTorch writes")
      }
    }
  }

  private mutating func constant(_ opcode: UInt8) throws(GoogLeNetError) -> Bool {
    switch opcode {
    case 0x80:  // PROTO
      let version = try number(1)
      guard 2...5 ~= version else { throw file.unsupported("its pickle has protocol \(version): 2 to 5 are supported") }
    case 0x95: _ = try take(8)  // FRAME: its content follows in any case
    case UInt8(ascii: "N"): try push(.none)
    case 0x88: try push(.bool(true))
    case 0x89: try push(.bool(false))
    case UInt8(ascii: "J"): try push(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))
    case UInt8(ascii: "K"): try push(.integer(Int(try number(1))))
    case UInt8(ascii: "M"): try push(.integer(Int(try number(2))))
    case 0x8A: try push(try long(try length(1)))
    case 0x8B: try push(try long(try length(4)))
    case UInt8(ascii: "G"):  // the only big-endian one
      try push(.float(Double(bitPattern: try number(8).byteSwapped)))
    case UInt8(ascii: "X"): try push(try string(try length(4)))
    case 0x8C: try push(try string(try length(1)))
    case 0x8D: try push(try string(try length(8)))
    case UInt8(ascii: "B"), UInt8(ascii: "C"), 0x8E, 0x96, UInt8(ascii: "T"), UInt8(ascii: "U"):
      let isShort = opcode == UInt8(ascii: "C") || opcode == UInt8(ascii: "U")
      _ = try take(try length(isShort ? 1 : opcode >= 0x80 ? 8 : 4))
      try push(.bytes)
    default: return false
    }
    return true
  }

  private mutating func container(_ opcode: UInt8) throws(GoogLeNetError) -> Bool {
    switch opcode {
    case UInt8(ascii: "("):
      try count(1)
      marks.append(stack.count)
    case UInt8(ascii: "0"): _ = try pop()
    case UInt8(ascii: "1"): _ = try popMark()
    case UInt8(ascii: "2"): try push(try top())
    case UInt8(ascii: ")"), UInt8(ascii: "]"), 0x8F: try push(sequence([]))
    case UInt8(ascii: "t"), UInt8(ascii: "l"), 0x91:
      let items = try popMark()
      try push(sequence(items))
    case 0x85, 0x86, 0x87: try pushTuple(Int(opcode) - 0x84)
    case UInt8(ascii: "a"):
      let item = try pop()
      try append([item])
    case UInt8(ascii: "e"), 0x90:
      let items = try popMark()
      try append(items)
    case UInt8(ascii: "}"): try push(.dictionary(dictionary()))
    case UInt8(ascii: "d"):
      let items = try popMark()
      try push(.dictionary(dictionary()))
      try set(items)
    case UInt8(ascii: "s"):
      let value = try pop(), key = try pop()
      try set([key, value])
    case UInt8(ascii: "u"):
      let items = try popMark()
      try set(items)
    default: return false
    }
    return true
  }

  private func append(_ items: [PickleValue]) throws(GoogLeNetError) {
    guard case .sequence(let sequence) = try top() else { throw fault("something is appended to what is no list") }
    sequence.items += items
  }

  private func set(_ items: [PickleValue]) throws(GoogLeNetError) {
    guard case .dictionary(let dictionary) = try top(), items.count % 2 == 0 else {
      throw fault("something is set in what is no dictionary")
    }
    for index in stride(from: 0, to: items.count, by: 2) { dictionary.items.append((items[index], items[index + 1])) }
  }

  private mutating func reference(_ opcode: UInt8) throws(GoogLeNetError) -> Bool {
    switch opcode {
    case UInt8(ascii: "q"): try remember(Int(try number(1)))
    case UInt8(ascii: "r"): try remember(Int(try number(4)))
    case 0x94: try remember(memo.count)
    case UInt8(ascii: "h"): try recall(Int(try number(1)))
    case UInt8(ascii: "j"): try recall(Int(try number(4)))
    case UInt8(ascii: "c"):
      let module = try line(), name = try line()
      try push(try global(module, name))
    case 0x93:
      guard let name = try pop().string, let module = try pop().string else { throw fault("a name is not a text") }
      try push(try global(module, name))
    case UInt8(ascii: "Q"):
      let id = try pop()
      try push(.storage(try storage(id)))
    case UInt8(ascii: "R"), 0x81:
      let arguments = try pop()
      guard case .global(let name) = try pop(), let items = arguments.items else {
        throw fault("something is called that is no function")
      }
      try push(try call(name, items))
    case UInt8(ascii: "b"):
      let attributes = try pop()
      guard case .dictionary(let object) = try top() else {
        throw fault("attributes are set of something that has none")
      }
      // An OrderedDict's own attributes (state dicts carry their modules' versions) do not matter.
      if modules, case .dictionary(let values) = attributes {
        try count(values.items.count)
        object.items += values.items
      }
    default: return false
    }
    return true
  }

  private mutating func remember(_ index: Int) throws(GoogLeNetError) {
    try count(1)
    memo[index] = try top()
  }

  private mutating func recall(_ index: Int) throws(GoogLeNetError) {
    guard let value = memo[index] else { throw fault("it refers to value \(index), which it has not stored") }
    try push(value)
  }

  // MARK: - Classes and functions

  private static let functions: Set<String> = [
    "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter", "collections.OrderedDict", "torch.Size",
    "torch.storage.UntypedStorage", "torch.storage.TypedStorage",
  ]

  private static let scriptPrefix = "__torch__."
  /// Each gives its first argument back, with a type.
  private static let scriptFunctions: Set<String> = [
    "torch.jit._pickle.build_intlist", "torch.jit._pickle.build_doublelist", "torch.jit._pickle.build_boollist",
    "torch.jit._pickle.build_tensorlist", "torch.jit._pickle.restore_type_tag",
  ]

  private func global(_ module: String, _ name: String) throws(GoogLeNetError) -> PickleValue {
    let full = "\(module).\(name)"
    if modules, full.hasPrefix(Unpickler.scriptPrefix) || Unpickler.scriptFunctions.contains(full) {
      return .global(full)
    }
    guard Unpickler.functions.contains(full) || NumberFormat(storageClass: full) != nil else {
      let isModel = full.hasPrefix("torchvision.") || full.hasPrefix("torch.nn.") || full.hasPrefix("__torch__")
      throw file.unsupported(
        "its pickle calls for '\(full)', which is not among what tensors need; nothing is executed"
          + (isModel ? ": it holds a whole model, save model.state_dict() instead" : ""))
    }
    return .global(full)
  }

  private mutating func call(_ name: String, _ arguments: [PickleValue]) throws(GoogLeNetError) -> PickleValue {
    // What is made of a list is as long as the list, which may be taken many times.
    for argument in arguments { try count(argument.items?.count ?? 0) }
    switch name {
    case "collections.OrderedDict":
      let result = dictionary()
      for pair in arguments.first?.items ?? [] {
        guard let items = pair.items, items.count == 2 else {
          throw fault("an OrderedDict is made of what are no pairs")
        }
        result.items.append((items[0], items[1]))
      }
      return .dictionary(result)
    case "torch.Size":
      guard let size = arguments.first else { throw fault("a size without numbers") }
      return size
    case "torch._utils._rebuild_parameter":
      guard case .tensor(let tensor)? = arguments.first else { throw fault("a parameter without a tensor") }
      return .tensor(tensor)
    case "torch._utils._rebuild_tensor_v2":
      guard arguments.count >= 4, case .storage(let storage) = arguments[0], let offset = arguments[1].integer,
        let dims = arguments[2].integers, let strides = arguments[3].integers
      else { throw fault("a tensor is not made of storage, offset, size and stride") }
      return .tensor(TorchTensor(storage: storage, offset: offset, dims: dims, strides: strides))
    case _ where modules && name.hasPrefix(Unpickler.scriptPrefix): return .dictionary(dictionary())
    case _ where modules && Unpickler.scriptFunctions.contains(name): return arguments.first ?? .none
    default: throw fault("'\(name)' is called")
    }
  }

  /// A storage from its persistent id: ('storage', class, key, device, count).
  private func storage(_ id: PickleValue) throws(GoogLeNetError) -> TorchStorage {
    guard let items = id.items, items.count >= 5, items[0].string == "storage", case .global(let kind) = items[1],
      let key = items[2].string, let count = items[4].integer, count >= 0
    else { throw fault("a reference to something that is no storage") }
    guard let type = NumberFormat(storageClass: kind) else {
      throw file.unsupported("a storage of the class '\(kind)', whose numbers have no known type")
    }
    return TorchStorage(elementType: type, key: key, count: count)
  }
}
