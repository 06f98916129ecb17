import Conversion
import Testing

@testable import GoogLeNet

/// Model files: what the writer writes is read back, and nothing that is broken gets through.
@Suite struct ModelReaderTests {
  private func load(_ bytes: [UInt8]) throws(GoogLeNetError) -> Model {
    guard let block = HeapBlock(byteCount: bytes.count) else { throw GoogLeNetError(.outOfMemory, "") }
    bytes.withUnsafeBytes { block.mutableBytes.copyMemory(from: $0) }
    return try Model(memory: block)
  }

  private func refusal(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) -> GoogLeNetError {
    do throws(GoogLeNetError) {
      _ = try load(bytes)
      Issue.record("accepted", sourceLocation: sourceLocation)
      return GoogLeNetError(.ok, "")
    } catch {
      return error
    }
  }

  /// Where the 9 bytes of the checksum field lie.
  private func checksumOffset(_ file: [UInt8]) throws -> Int {
    let layout = try file.withUnsafeBytes { bytes in
      try ModelFileLayout(bytes, source: "test", owner: MemoryBlock(borrowing: bytes))
    }
    let wanted = try #require(layout.checksum)
    return try #require(
      (1..<file.count - 8).first { offset in
        file[offset - 1] == 14 << 3 | 1
          && file[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) } == wanted
      }) - 1
  }

  /// The file with the checksum that its content should have.
  private func signed(_ file: [UInt8]) throws -> [UInt8] {
    var file = file
    let offset = try checksumOffset(file)
    let digest = try file.withUnsafeBytes { bytes in
      try ModelFileLayout(bytes, source: "test", owner: MemoryBlock(borrowing: bytes)).digest
    }
    withUnsafeBytes(of: digest.littleEndian) { file.replaceSubrange(offset + 1..<offset + 9, with: $0) }
    return file
  }

  private func file() throws -> [UInt8] {
    var network = try Networks.inception()
    network.labels = (0..<21).map { "class \($0) ü" }
    return try ModelWriter.serialize(network)
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let network = try load(try file()).network
    let original = try Networks.inception()
    #expect(network.labels[20] == "class 20 ü")
    #expect(network.preprocessing == original.preprocessing)
    #expect(network.layers.map(\.name) == original.layers.map(\.name))
    #expect(network.layers.map(\.inputs) == original.layers.map(\.inputs))
    for (layer, wanted) in zip(network.layers, original.layers) {
      #expect(layer.operation.kind.description == wanted.operation.kind.description)
      for (tensor, want) in zip(layer.operation.tensors, wanted.operation.tensors) {
        #expect(tensor.tensor.dims == want.tensor.dims)
        #expect(tensor.tensor.floats() == want.tensor.floats())
      }
    }
  }

  @Test func weightsAreAlignedInTheFile() throws {
    let bytes = try file()
    try bytes.withUnsafeBytes { raw in
      let layout = try ModelFileLayout(raw, source: "test", owner: MemoryBlock(borrowing: raw))
      #expect((layout.weights.baseAddress! - raw.baseAddress!) % 64 == 0)
    }
  }

  @Test func truncatedAtEveryByte() throws {
    let file = try file()
    for length in stride(from: 0, to: file.count, by: 1) where length < 3000 || length % 97 == 0 {
      let error = refusal(Array(file[..<length]))
      #expect(error.status == .invalidModel)
      #expect(!error.message.isEmpty)
    }
  }

  @Test func everyFlippedBitIsNoticed() throws {
    let file = try file()
    for offset in stride(from: 0, to: file.count, by: 1) where offset < 1500 || offset % 101 == 0 {
      var broken = file
      broken[offset] ^= 1 << UInt8(offset % 8)
      let status = refusal(broken).status
      #expect(status == .invalidModel || status == .unsupportedVersion, "byte \(offset)")
    }
  }

  /// Broken headers with a right checksum: whatever they say, loading ends in a model or an error.
  @Test func hostileHeadersWithARightChecksum() throws {
    let file = try file()
    let end = try checksumOffset(file)
    var random = RandomNumbers(seed: 3)
    var accepted = 0
    for _ in 0..<4000 {
      var broken = file
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        broken[Int.random(in: 0..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      guard let signed = try? signed(broken) else { continue }
      do throws(GoogLeNetError) {
        _ = try load(signed)
        accepted += 1
      } catch {
        #expect(error.status != .ok && !error.message.isEmpty)
      }
    }
    #expect(accepted > 0)
  }

  @Test func newerMajorVersionsAreRefused() throws {
    var file = try file()
    #expect(file[0] == 1 << 3 && file[1] == 1)
    file[1] = 2
    let error = refusal(try signed(file))
    #expect(error.status == .unsupportedVersion)
    #expect(error.message.contains("version 2"))
  }

  @Test func unknownFieldsAreSkipped() throws {
    // Field 1000, a text, in front of everything.
    let unknown: [UInt8] = [0xC2, 0x3E, 3, 0x61, 0x62, 0x63]
    #expect(try load(try signed(unknown + file())).classCount == 21)
  }

  @Test func whatIsNoModelIsRefused() throws {
    #expect(refusal([]).message.contains("empty"))
    #expect(refusal(Array("not a model file at all, but text".utf8)).status == .invalidModel)
    #expect(refusal([UInt8](repeating: 0, count: 100)).status == .invalidModel)
    #expect(refusal([0x08, 0x01]).message.contains("checksum"))
  }

  @Test func missingFilesAreNamed() throws {
    do throws(GoogLeNetError) {
      _ = try Model(path: "/nonexistent/model.gln")
      Issue.record("accepted")
    } catch {
      #expect(error.status == .ioError)
      #expect(error.message.contains("/nonexistent/model.gln"))
    }
    do throws(GoogLeNetError) { _ = try Model(path: "/") } catch {
      #expect(error.message.contains("directory"))
    }
  }
}
