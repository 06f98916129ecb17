/// Writes the opcodes of a pickle of protocol 2.
struct PickleWriter {
  private(set) var bytes: [UInt8] = [0x80, 2]

  var finished: [UInt8] { bytes + [UInt8(ascii: ".")] }

  mutating func opcode(_ opcode: Unicode.Scalar) { bytes.append(UInt8(truncatingIfNeeded: opcode.value)) }

  mutating func mark() { opcode("(") }

  mutating func emptyDictionary() { opcode("}") }

  mutating func text(_ value: String) {
    opcode("X")
    number(value.utf8.count)
    bytes += value.utf8
  }

  mutating func integer(_ value: Int) {
    opcode("J")
    number(value)
  }

  mutating func global(_ module: String, _ name: String) {
    opcode("c")
    bytes += Array("\(module)\n\(name)\n".utf8)
  }

  mutating func tuple(_ values: [Int]) {
    mark()
    for value in values { integer(value) }
    opcode("t")
  }

  private mutating func number(_ value: Int) {
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// - Parameter strides: those of a dense tensor where nil.
  mutating func tensor(
    storage: String, kind: String = "FloatStorage", count: Int, offset: Int = 0, dims: [Int], strides: [Int]? = nil
  ) {
    global("torch._utils", "_rebuild_tensor_v2")
    mark()
    mark()
    text("storage")
    global("torch", kind)
    text(storage)
    text("cpu")
    integer(count)
    opcode("t")
    opcode("Q")
    integer(offset)
    tuple(dims)
    var dense = [Int](repeating: 1, count: dims.count)
    for axis in dims.indices.dropLast().reversed() { dense[axis] = dense[axis + 1] * dims[axis + 1] }
    tuple(strides ?? dense)
    bytes.append(0x89)
    global("collections", "OrderedDict")
    opcode(")")
    opcode("R")
    opcode("t")
    opcode("R")
  }
}
