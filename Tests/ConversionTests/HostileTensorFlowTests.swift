import Conversion
import Foundation
import GoogLeNet
import Testing

/// Damaged files of TensorFlow: each gives an error that names the file or a valid network, and the process lives.
@Suite struct HostileTensorFlowTests {
  static let files = ["graphdef-slim.pb", "graphdef-dropout.pb", "tflite-float.tflite", "tflite-int8.tflite"]

  /// The bytes with some bits flipped, some bytes at their extremes, or cut off.
  private func damaged(_ bytes: [UInt8], _ generator: inout SplitMix64) -> [UInt8] {
    var result = bytes
    for _ in 0...Int.random(in: 0..<4, using: &generator) {
      let place = Int.random(in: result.indices, using: &generator)
      if Bool.random(using: &generator) {
        result[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      } else {
        result[place] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
      }
    }
    guard Int.random(in: 0..<4, using: &generator) == 0 else { return result }
    return [UInt8](result.prefix(Int.random(in: 0..<result.count, using: &generator)))
  }

  private func survives(naming name: String, _ convert: () throws -> ConversionResult) {
    do {
      let result = try convert()
      #expect(throws: Never.self) { try Model(network: result.network) }
    } catch {
      #expect((error as? GoogLeNetError)?.message.contains(name) == true, "\(error)")
    }
  }

  @Test(arguments: files) func damagedFiles(name: String) throws {
    let bytes = try GoldenFiles.bytes(name)
    var generator = SplitMix64(state: UInt64(bytes.count))
    for _ in 0..<500 {
      let file = damaged(bytes, &generator)
      survives(naming: "'test file'") { try convert(file) }
    }
  }

  /// The weights of this file are made by operators, whose output may be described with other dimensions.
  @Test func weightsOfOtherDimensionsThanDescribedAreRefused() throws {
    let file = try GoldenFiles.bytes("tflite-float16.tflite")
    let dims: [UInt8] = [3, 0, 0, 0, 7, 0, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0]
    let places = (0..<file.count - dims.count).filter { file[$0..<$0 + dims.count].elementsEqual(dims) }
    #expect(places.count > 1)
    var messages = ""
    for place in places {
      var bytes = file
      bytes[place] = 5
      let error = #expect(throws: GoogLeNetError.self) { try convert(bytes) }
      messages += error?.message ?? ""
    }
    #expect(messages.contains("its weights have the dimensions [3, 7, 7, 3], but [5, 7, 7, 3] are described"))
  }

  /// Integers of such a scale would lose their precision, and could not be exported.
  @Test func weightsOfTooSmallScalesBecomeFloats() throws {
    var bytes = try GoldenFiles.bytes("tflite-int8.tflite")
    func weights(_ result: ConversionResult) throws -> Tensor {
      guard case .convolution(let it)? = result.network.layers.first?.operation else {
        throw GoogLeNetError(.notFound, "no convolution")
      }
      return it.weights
    }
    let before = try weights(try convert(bytes))
    #expect(before.elementType == .int8)
    let place = try #require(bytes.firstRange(of: littleEndian([before.scales[0]])))
    bytes.replaceSubrange(place, with: littleEndian([.leastNonzeroMagnitude * 8000]))
    let result = try convert(bytes)
    #expect(try weights(result).elementType == .float32)
    #expect(result.notes.contains { $0.contains("or one is too small") })
  }

  @Test(arguments: ["saved_model.pb", "variables/variables.index"]) func damagedSavedModels(part: String) throws {
    let parts = ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"]
    try withTemporaryFolder { folder in
      try FileManager.default.createDirectory(atPath: "\(folder)/variables", withIntermediateDirectories: true)
      for part in parts { _ = try write(try GoldenFiles.bytes("savedmodel-session/\(part)"), "\(folder)/\(part)") }
      #expect(throws: Never.self) { try Converter.convert(path: folder, options: ConversionOptions()) }
      let bytes = try GoldenFiles.bytes("savedmodel-session/\(part)")
      var generator = SplitMix64(state: 3)
      for _ in 0..<300 {
        _ = try write(damaged(bytes, &generator), "\(folder)/\(part)")
        survives(naming: folder) { try Converter.convert(path: folder, options: ConversionOptions()) }
      }
    }
  }

  @Test func changedVariablesAreNoticed() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createDirectory(atPath: "\(folder)/variables", withIntermediateDirectories: true)
      for part in ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"] {
        var bytes = try GoldenFiles.bytes("savedmodel-session/\(part)")
        if part.contains("data") { for index in stride(from: 0, to: bytes.count, by: 50) { bytes[index] ^= 1 } }
        _ = try write(bytes, "\(folder)/\(part)")
      }
      let error = #expect(throws: GoogLeNetError.self) {
        try Converter.convert(path: folder, options: ConversionOptions())
      }
      #expect(error?.message.contains("checksum") == true)
    }
  }
}
