import Conversion
import GoogLeNet
import Testing

@Suite struct LabelsAndOptionsTests {
  private func labels(_ text: String) throws -> [String] {
    try [UInt8](text.utf8).withUnsafeBytes { try LabelsFile.parse($0, name: "labels.txt") }
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

  @Test func optionsReplaceWhatIsCustom() throws {
    let bytes = CaffeFile.small(legacy: false).bytes
    var options = ConversionOptions()
    options.channelOrder = .rgb
    // The custom mean follows the channel order.
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
    #expect(try reason() == "channel order, mean, scale: Caffe's custom; \(rule)")
    options.mean = [1]
    #expect(try reason() == "channel order, scale: Caffe's custom; \(rule)")
    options.scale = [1]
    options.channelOrder = .rgb
    #expect(try reason() == rule)
    options.resizeRule = .shortSide
    #expect(try reason() == "as asked for")
    options.scale = nil
    #expect(try reason() == "scale: Caffe's custom")
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
