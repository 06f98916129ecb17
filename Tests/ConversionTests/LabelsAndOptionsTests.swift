import Conversion
import GoogLeNet
import Testing

@Suite struct LabelsAndOptionsTests {
  private func labels(_ text: String) throws -> [String] {
    try file(text).labels
  }

  private func file(_ text: String) throws -> LabelsFile {
    try [UInt8](text.utf8).withUnsafeBytes { try LabelsFile.parse($0, name: "labels.txt") }
  }

  static let synsets: [(text: String, synsets: [String])] = [
    ("n01440764 tench, Tinca tinca\nn01443537 goldfish\n", ["n01440764", "n01443537"]),
    ("n01440764 tench\ngoldfish\n", []), ("tench\ngoldfish\n", []),
    ("{\"1\": [\"n01443537\", \"goldfish\"], \"0\": [\"n01440764\", \"tench\"]}", ["n01440764", "n01443537"]),
    ("[\"n01440764 tench\"]", ["n01440764"]), ("[[\"n01440764\", \"tench\"], \"n01443537 goldfish\"]", []),
  ]

  @Test(arguments: synsets) func synsetsAreKeptWhereEveryClassHasOne(text: String, expected: [String]) throws {
    #expect(try file(text).synsets == expected)
  }

  @Test func synsetsStayOutOnlyWhereEveryLineHasOne() throws {
    #expect(try labels("n01440764 tench, Tinca tinca\r\nn01443537 goldfish\n\n") == ["tench, Tinca tinca", "goldfish"])
    #expect(try labels("n01440764 tench\ngoldfish") == ["n01440764 tench", "goldfish"])
    #expect(try labels("n0144076 tench\n") == ["n0144076 tench"])
    #expect(try labels("\u{FEFF}ä\nn\n") == ["ä", "n"])
  }

  @Test func brokenLabelsAreRefused() throws {
    for text in ["", "\n\n", "a\n\nb"] { #expect(throws: GoogLeNetError.self) { try labels(text) } }
    let error = #expect(throws: GoogLeNetError.self) {
      try ([0x61, 0x0A, 0xFF] as [UInt8]).withUnsafeBytes { try LabelsFile.parse($0, name: "labels.txt") }
    }
    #expect(error?.message.contains("'labels.txt': line 2") == true)
  }

  static let json: [(text: String, labels: [String])] = [
    ("[\"cat\", \"dog\"]", ["cat", "dog"]), (" [ \"a \\u00e4\" ]\n", ["a ä"]),
    ("{\"0\": \"cat\", \"1\": \"dog\"}", ["cat", "dog"]), ("\u{FEFF}{\"1\":\"b\",\n\"0\":\"a\"}\n", ["a", "b"]),
    (
      "{\"architectures\": [\"ResNet\"], \"id2label\": {\"0\": \"tench, Tinca tinca\", \"1\": \"goldfish\"}}",
      ["tench, Tinca tinca", "goldfish"]
    ),
    ("{\"0\": [\"n01440764\", \"tench\"], \"1\": [\"n01443537\", \"goldfish\"]}", ["tench", "goldfish"]),
    ("[\"n01440764 tench, Tinca tinca\", \"n01443537\\tgoldfish\"]", ["tench, Tinca tinca", "goldfish"]),
    ("[\"n01440764 tench\", \"goldfish\"]", ["n01440764 tench", "goldfish"]),
    ("[unknown]\n{other}\n", ["[unknown]", "{other}"]),
  ]

  @Test(arguments: json) func labelsAreReadFromJSON(text: String, expected: [String]) throws {
    #expect(try labels(text) == expected)
  }

  static let brokenJSON: [(text: String, told: String)] = [
    ("[]", "no labels"), ("{}", "no labels"), ("[\"a\"", "broken at byte 4: ']'"),
    ("[\"a\", \"\"]", "class 1 is empty"),
    ("[\"a\\u0000\"]", "class 0 is not UTF-8 text"), ("[[1, 2]]", "class 0 is neither a text nor a pair"),
    ("[[\"tench\", \"fish\"]]", "class 0 is neither a text nor a pair"),
    ("{\"0\": \"a\", \"2\": \"b\"}", "'2' is not one of 0 to 1, the numbers of 2 classes"),
    ("{\"0\": \"a\", \"00\": \"b\"}", "'00'"), ("{\"cat\": 0}", "'cat' is not one of 0 to 0, the numbers of 1 class:"),
    ("{\"id2label\": 3}", "id2label is no object"),
    ("[" + String(repeating: "[],", count: 250_000) + "[]]", "more than 250000 values"),
  ]

  @Test(arguments: brokenJSON) func brokenJSONIsRefused(text: String, told: String) throws {
    let error = #expect(throws: GoogLeNetError.self) { try labels(text) }
    #expect(error?.status == .invalidArgument)
    #expect(error?.message.contains("'labels.txt'") == true)
    #expect(error?.message.contains(told) == true, "\(error?.message ?? "")")
  }

  @Test func wrongNumbersOfLabelsAreToldPlainly() throws {
    let bytes = CaffeFile.small(legacy: false).bytes
    let classes = try Model(network: try convert(bytes).network).classCount
    var options = ConversionOptions()
    options.labels = ["cat"]
    expectError(bytes, .invalidArgument, "'test file': 1 label, \(classes) classes: the labels file", options: options)
    options.labels = [String](repeating: "cat", count: classes + 1)
    expectError(bytes, .invalidArgument, "\(classes + 1) labels, \(classes) classes", options: options)
    options.labels?.removeLast()
    let result = try convert(bytes, options: options)
    #expect(result.network.labels.count == classes)
    #expect(result.notes.contains("\(classes) labels from the labels file"))
  }

  @Test func optionsReplaceWhatIsConventional() throws {
    let bytes = CaffeFile.small(legacy: false).bytes
    var options = ConversionOptions()
    options.channelOrder = .rgb
    // The conventional mean follows the channel order.
    #expect(try convert(bytes, options: options).network.preprocessing.mean == [123, 117, 104])
    options.mean = [127.5]
    options.scale = [1, 2, 3]
    let preprocessing = try convert(bytes, options: options).network.preprocessing
    #expect(preprocessing.mean == [127.5, 127.5, 127.5])
    #expect(preprocessing.scale == [1, 2, 3])
    options.inputSize = (224, 224)
    expectError(bytes, .unsupported, "'fc'", options: options)
    options = ConversionOptions()
    options.mean = [1, 2]
    let error = #expect(throws: GoogLeNetError.self) { try convert(bytes, options: options) }
    #expect(error?.status == .invalidArgument)
    options = ConversionOptions()
    options.channelOrder = .gray
    expectError(bytes, .invalidArgument, "3 channels", options: options)
  }

  @Test func theReasonTellsWhatWasAssumed() throws {
    var options = ConversionOptions()
    let bytes = CaffeFile.small(legacy: false).bytes
    func reason() throws -> String { try convert(bytes, options: options).preprocessingReason }
    let rule = "resize rule: short-side, for nothing tells it"
    #expect(try reason() == "channel order, mean, scale: Caffe's convention; \(rule)")
    options.mean = [1]
    #expect(try reason() == "channel order, scale: Caffe's convention; \(rule)")
    options.scale = [1]
    options.channelOrder = .rgb
    #expect(try reason() == rule)
    options.resizeRule = .shortSide
    #expect(try reason() == "as asked for")
    options.scale = nil
    #expect(try reason() == "scale: Caffe's convention")
  }

  @Test func theResizeRuleIsAnOption() throws {
    var options = ConversionOptions()
    for bytes in [CaffeFile.small(legacy: false).bytes, TorchFile().archive] {
      for rule in Preprocessing.ResizeRule.allCases {
        options.resizeRule = rule
        #expect(try convert(bytes, options: options).network.preprocessing.resizeRule == rule)
      }
    }
  }
}
