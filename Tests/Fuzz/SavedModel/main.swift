import Foundation
import GoogLeNet

@testable import Conversion
@testable import FuzzSupport

// Folders of SavedModels. An input is the lengths of saved_model.pb and of the only block of variables.index (4 bytes
// each, little-endian), these two, and the variables' values. A table with right checksums is made around the block,
// unless the highest bit of its length says that it is the whole table.

let parts = ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"]
let wholeTable: UInt32 = 1 << 31

func bytes(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { [UInt8]($0) } }

func varint(_ number: Int) -> [UInt8] {
  var rest = number
  var result: [UInt8] = []
  while rest >= 0x80 {
    result.append(UInt8(rest & 0x7F) | 0x80)
    rest >>= 7
  }
  return result + [UInt8(rest)]
}

/// A block as it stands in a table: not compressed, with its checksum.
func sealed(_ block: [UInt8]) -> [UInt8] {
  let content = block + [0]
  return content + bytes(content.withUnsafeBytes { CRC32C.masked($0) })
}

func table(_ block: [UInt8]) -> [UInt8] {
  let data = sealed(block)
  let handle = varint(0) + varint(block.count)
  let index = [0, 1] + varint(handle.count) + [UInt8(ascii: "z")] + handle + bytes(0) + bytes(1)
  let handles = varint(0) + varint(0) + varint(data.count) + varint(index.count)
  let magic = bytes(0x8B80_FB57) + bytes(0xDB47_7524)
  return data + sealed(index) + handles + [UInt8](repeating: 0, count: 40 - handles.count) + magic
}

func seed(_ name: String, asBlock: Bool) -> [UInt8] {
  let files = parts.map { golden("\(name)/\($0)") }
  guard asBlock else {
    return bytes(UInt32(files[0].count)) + bytes(UInt32(files[1].count) | wholeTable) + files.joined()
  }
  // The last block but one is the index, whose place the footer tells behind that of another one.
  let range = files[1].withUnsafeBytes { table -> Range<Int> in
    var cursor = table.count - 48
    var numbers: [Int] = []
    for _ in 0..<4 { numbers.append(Int(ProtobufMessage.varint(table, &cursor, end: table.count) ?? 0)) }
    // The index's first entry: nothing shared, a key, and the first block's place.
    cursor = numbers[2] + 1
    let key = Int(ProtobufMessage.varint(table, &cursor, end: table.count) ?? 0)
    _ = ProtobufMessage.varint(table, &cursor, end: table.count)
    cursor += key
    let offset = Int(ProtobufMessage.varint(table, &cursor, end: table.count) ?? 0)
    return offset..<offset + Int(ProtobufMessage.varint(table, &cursor, end: table.count) ?? 0)
  }
  let block = [UInt8](files[1][range])
  return bytes(UInt32(files[0].count)) + bytes(UInt32(block.count)) + files[0] + block + files[2]
}

let folder = NSTemporaryDirectory() + "/googlenet-fuzz-\(getpid())"

func write(_ bytes: [UInt8], _ part: String) {
  guard let file = fopen("\(folder)/\(part)", "w") else { fatalError("cannot write \(folder)/\(part)") }
  guard fwrite(bytes, 1, bytes.count, file) == bytes.count, fclose(file) == 0 else {
    fatalError("cannot write \(folder)/\(part)")
  }
}

guard mkdir(folder, 0o700) == 0, mkdir("\(folder)/variables", 0o700) == 0 else { fatalError("cannot make \(folder)") }
atexit { try? FileManager.default.removeItem(atPath: folder) }

fuzz(seeds: [seed("savedmodel-session", asBlock: true), seed("savedmodel-session", asBlock: false)]) {
  bytes throws(GoogLeNetError) in
  guard bytes.count >= 8 else { return }
  let lengths = (0..<2).map { UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }
  var rest = bytes[8...]
  write([UInt8](rest.prefix(Int(lengths[0]))), parts[0])
  rest = rest.dropFirst(Int(lengths[0]))
  let index = [UInt8](rest.prefix(Int(lengths[1] & ~wholeTable)))
  write(lengths[1] & wholeTable == 0 ? table(index) : index, parts[1])
  write([UInt8](rest.dropFirst(index.count)), parts[2])
  try convertAndReload(naming: folder) { (options) throws(GoogLeNetError) in
    try Converter.convert(path: folder, options: options)
  }
}
