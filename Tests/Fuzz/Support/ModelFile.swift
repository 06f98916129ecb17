@testable import Conversion
@testable import GoogLeNet

/// Model files without their checksum, so that mutations get past it.
enum ModelFile {
  private static let checksumTag = UInt8(14 << 3 | 1)

  static func withoutChecksum(_ network: Network) throws -> [UInt8] {
    var file = try ModelWriter.serialize(network)
    let checksum = try file.withUnsafeBytes { bytes in
      try ModelFileLayout(bytes, source: "seed", owner: MemoryBlock(borrowing: bytes)).checksum ?? 0
    }
    let field = [checksumTag] + withUnsafeBytes(of: checksum.littleEndian) { [UInt8]($0) }
    let start = file.indices.first { file[$0...].starts(with: field) } ?? 0
    file.removeSubrange(start..<start + field.count)
    return file
  }

  /// The bytes with the checksum that they should have.
  /// - Throws: what the reader says of bytes whose fields cannot be told apart.
  static func withChecksum(_ bytes: UnsafeRawBufferPointer) throws(GoogLeNetError) -> [UInt8] {
    let layout = try ModelFileLayout(bytes, source: "input", owner: MemoryBlock(borrowing: bytes))
    var file = [UInt8](bytes) + [checksumTag]
    withUnsafeBytes(of: layout.digest.littleEndian) { file.append(contentsOf: $0) }
    return file
  }

  /// A small random model, most often whole; otherwise with bytes changed under a right checksum or a wrong one, or cut short.
  static func random(_ choices: inout Choices) -> (bytes: [UInt8], isWhole: Bool) {
    let limits = RandomNetwork.Limits(side: 9, layers: 7, work: 12_000)
    let network = NetworkGenerator.network(&choices, limits: limits)
    guard let file = try? ModelWriter.serialize(network.network), var plain = try? withoutChecksum(network.network)
    else {
      fatalError("the writer refuses a valid network")
    }
    switch choices.number(0...9) {
    case 0...5: return (file, !network.isExtreme && !network.mayBeRefused)
    case 6...7:
      for _ in 0...choices.number(0...3) {
        // Most of what can go wrong stands before the weights.
        let place = choices.number(0...min(plain.count - 1, 2047))
        plain[place] = choices.chance(50) ? choices.byte() : plain[place] ^ UInt8(1 << choices.number(0...7))
      }
      return ((try? plain.withRawBytes(withChecksum)) ?? plain, false)
    case 8: return ([UInt8](file.prefix(choices.number(0...file.count - 1))), false)
    default:
      var file = file
      file[choices.number(0...file.count - 1)] ^= 0x10
      return (file, false)
    }
  }
}
