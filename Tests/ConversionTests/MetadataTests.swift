import GoogLeNet
import Testing

@testable import Conversion

/// What trained files say of themselves, and what is asked for, goes into the model.
@Suite struct MetadataTests {
  private func metadata(_ bytes: [UInt8], _ options: ConversionOptions = ConversionOptions()) throws -> [String: String]
  {
    let result = try convert(bytes, options: options)
    return [String: String](uniqueKeysWithValues: result.network.metadata.map { ($0.key, $0.value) })
  }

  private func onnx(_ props: [(key: String, value: String)], description: String = "") -> [UInt8] {
    ONNXFile.small().bytes
      + WireWriter {
        $0.text(3, "1.2")
        $0.text(6, description)
        for (key, value) in props {
          $0.message(14) {
            $0.text(1, key)
            $0.text(2, value)
          }
        }
      }.bytes
  }

  @Test func whatONNXSaysIsKept() throws {
    let file = onnx(
      [("model_license", "MIT"), ("Accuracy", "70 %"), ("model_author", "ü"), ("empty", ""), ("Source", "a\nb")],
      description: "A network.")
    #expect(
      try metadata(file) == [
        "licence": "MIT", "accuracy": "70 %", "model_author": "ü", "source": "a\nb", "description": "A network.",
        "source_producer": "test 1.2",
      ])
    let keys = try convert(file).network.metadata.map(\.key)
    #expect(keys == ["licence", "accuracy", "model_author", "source", "description", "source_producer"])
  }

  @Test func whatIsAskedForGoesFirst() throws {
    var options = ConversionOptions()
    options.metadata = [
      MetadataEntry(key: "new", value: "=1"), MetadataEntry(key: "licence", value: "CC BY 4.0"),
      MetadataEntry(key: "source_producer", value: ""), MetadataEntry(key: "nowhere", value: ""),
    ]
    #expect(try metadata(onnx([("license", "MIT")]), options) == ["new": "=1", "licence": "CC BY 4.0"])
  }

  @Test func whatIsAskedForMustFit() {
    for (entry, told) in [
      (MetadataEntry(key: "", value: "a"), "is empty"),
      (MetadataEntry(key: "a", value: String(repeating: "v", count: 65_537)), "has 65537 bytes: at most 65536"),
    ] {
      var options = ConversionOptions()
      options.metadata = [entry]
      let error = #expect(throws: GoogLeNetError.self) { try convert(onnx([]), options: options) }
      #expect(error?.status == .invalidArgument)
      #expect(error?.message.contains("the metadata asked for") == true)
      #expect(error?.message.contains(told) == true, "\(error?.message ?? "")")
    }
    var options = ConversionOptions()
    options.metadata = [MetadataEntry(key: "a", value: "1"), MetadataEntry(key: "a", value: "2")]
    let error = #expect(throws: GoogLeNetError.self) { try convert(onnx([]), options: options) }
    #expect(error?.message.contains("the metadata key 'a' is there twice") == true)
  }

  /// An é of one letter and one of two.
  @Test func keysAreBytes() throws {
    let keys = ["\u{e9}", "e\u{301}"]
    let both = try convert(onnx(keys.map { ($0, "1") })).network.metadata
    #expect(both.prefix(2).map { Array($0.key.utf8) } == keys.map { Array($0.utf8) })
    var options = ConversionOptions()
    options.metadata = [MetadataEntry(key: keys[0], value: "2")]
    let asked = try convert(onnx([(keys[1], "1")]), options: options).network.metadata
    #expect(asked.filter { $0.key == keys[0] }.map(\.value).sorted() == ["1", "2"])
  }

  /// The network is worth more.
  @Test func whatNoModelFileCanHoldIsLeftOut() throws {
    let long = String(repeating: "v", count: 65_537)
    let result = try convert(onnx([("long", long), (String(repeating: "k", count: 257), "1"), ("a", "1"), ("a", "2")]))
    #expect(result.network.metadata.map(\.key) == ["a", "source_producer"])
    #expect(result.network.metadata[0].value == "1")
    let note = try #require(result.notes.first { $0.contains("metadata") })
    #expect(note.contains("left out metadata that a model file cannot hold: 'long', 'kkk"))
    let many = try convert(onnx((0..<3000).map { ("key \($0)", "1") }))
    #expect(many.network.metadata.count == 1024)
    #expect(many.notes.contains { $0.contains("'key 1024', 'key 1025', 'key 1026' and 1974 more") })
    let large = try convert(onnx((0..<70).map { ("key \($0)", String(repeating: "v", count: 65_536)) }))
    #expect(large.network.metadata.count == 64)
    #expect(large.network.metadata.last?.key == "source_producer")
    #expect(throws: Never.self) { try ModelWriter.serialize(large.network) }
  }

  @Test func exportedModelsKeepIt() throws {
    var network = try convert(onnx([("license", "MIT")])).network
    network.labels = ["a", "b", "c", "d"]
    network.metadata += [
      MetadataEntry(key: "synsets", value: "n1\nn2"), MetadataEntry(key: "googlenet.mean", value: "of no use"),
    ]
    let exported = try ONNXExporter.serialize(try Model(network: network))
    let again = try convert(exported).network
    #expect(again.labels == network.labels)
    #expect(again.preprocessing == network.preprocessing)
    #expect(again.metadata == [MetadataEntry](network.metadata.dropLast()))
  }

  @Test func synsetsAreKept() throws {
    var options = ConversionOptions()
    options.synsets = ["n01440764", "n01443537"]
    #expect(try metadata(onnx([("synsets", "other")]), options)["synsets"] == "n01440764\nn01443537")
    options.metadata = [MetadataEntry(key: "synsets", value: "asked")]
    #expect(try metadata(onnx([]), options)["synsets"] == "asked")
    options.metadata[0].value = ""
    #expect(try metadata(onnx([]), options)["synsets"] == nil)
    options.metadata = []
    options.synsets = [String](repeating: "n01440764", count: 6554)
    let result = try convert(onnx([]), options: options)
    #expect(result.network.metadata.map(\.key) == ["source_producer"])
    #expect(result.notes.contains { $0.contains("cannot hold: 'synsets'") })
  }

  @Test func whatSafetensorsSaysIsKept() throws {
    let file = TorchFile().safetensors
    #expect(try metadata(file) == [:])
    let header = file.dropFirst(8).prefix { $0 != UInt8(ascii: "}") }
    let length = file.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
    let text = String(decoding: file[8..<8 + length], as: UTF8.self)
    let told = text.replacing(
      String(decoding: header, as: UTF8.self),
      with: "{\"__metadata__\":{\"format\":\"pt\",\"license\":\"MIT\",\"zero\":\"\\u0000\"")
    let changed = TorchFile.safetensors(header: told, data: [UInt8](file[(8 + length)...]))
    let result = try convert(changed)
    #expect(result.network.metadata == [MetadataEntry(key: "licence", value: "MIT")])
    #expect(result.notes.contains { $0.contains("cannot hold: 'zero'") })
  }

  @Test func whatKerasSaysIsKept() throws {
    let archive = try metadata(try GoldenFiles.bytes(KerasTests.archive))
    #expect(archive["source_producer"]?.hasPrefix("Keras 3.") == true)
    #expect(archive["date_saved"]?.contains("@") == true)
    #expect(try metadata(try GoldenFiles.bytes(KerasTests.hdf5))["source_producer"]?.hasPrefix("Keras 2.") == true)
  }

  @Test func whatTFLiteSaysIsKept() throws {
    let bytes = try GoldenFiles.bytes("tflite-float.tflite")
    #expect(try metadata(bytes)["description"] == "MLIR Converted.")
  }

  private func texts(_ model: FlatBuffer) throws -> [MetadataEntry] {
    try model.bytes(identifier: "TFL3").withUnsafeBytes { bytes in
      TFLiteMetadata.texts(of: try FlatTable(root: InputFile(name: "test", folder: nil, bytes: bytes)))
    }
  }

  /// As the TFLite Support Library writes it: a FlatBuffer in a buffer of the model.
  @Test func metadataOfTheTFLiteSupportLibraryIsKept() throws {
    let told = FlatBuffer.table([
      0: .text("a name"), 1: .text("In words."), 2: .text("v1"), 4: .text("me"), 5: .text("MIT"),
    ])
    func model(_ data: [UInt8], buffer: Int = 1) -> FlatBuffer {
      .table([
        3: .text("MLIR Converted."), 4: .list([.table([:]), .table([0: .data(data)])]),
        6: .list([
          .table([0: .text("min_runtime_version"), 1: .number(0)]),
          .table([0: .text("TFLITE_METADATA"), 1: .number(buffer)]),
        ]),
      ])
    }
    let bytes = told.bytes(identifier: "M001")
    #expect(
      try texts(model(bytes)) == [
        MetadataEntry(key: "name", value: "a name"), MetadataEntry(key: "description", value: "In words."),
        MetadataEntry(key: "version", value: "v1"), MetadataEntry(key: "author", value: "me"),
        MetadataEntry(key: "licence", value: "MIT"), MetadataEntry(key: "description", value: "MLIR Converted."),
      ])
    // The network is none the worse for it.
    #expect(try texts(model([UInt8](bytes.prefix(20)))) == [])
    #expect(try texts(model(bytes, buffer: 2)) == [])
    #expect(try texts(.table([3: .text("alone")])) == [MetadataEntry(key: "description", value: "alone")])
  }

  @Test func intactAndDamagedModelsAreToldFromTrainedFiles() throws {
    let file = try ModelWriter.serialize(try convert(onnx([])).network)
    expectError(file, .unsupported, "a GoogLeNet model file already: it needs no conversion")
    for length in stride(from: 10, to: file.count, by: 3) {
      expectError([UInt8](file[..<length]), .unsupported, "a damaged GoogLeNet model file: copy it again")
    }
    for place in stride(from: 12, to: file.count, by: 7) {
      var broken = file
      broken[place] ^= 4
      expectError(broken, .unsupported, "a damaged GoogLeNet model file: copy it again")
    }
    var newer = file
    newer[11] = 9
    expectError(newer, .unsupported, "a GoogLeNet model file already")
    // Of version 0.1.0.
    expectError([UInt8](file.dropFirst(10)), .unsupported, "a GoogLeNet model file already")
  }
}
