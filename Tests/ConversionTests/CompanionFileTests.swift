import Foundation
import GoogLeNet
import Testing

@testable import Conversion

/// Files that a trained file refers to: they are read beneath its own folder, and nothing makes a conversion wait.
@Suite struct CompanionFileTests {
  private let manager = FileManager.default

  /// The folders `folder/model`, with a model in it whose weights lie at `location`, and `folder/elsewhere`, with the
  /// weights.
  private func withModel(_ location: String, _ body: (_ path: String, _ folder: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      for name in ["model", "elsewhere"] {
        try manager.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
      }
      _ = try write(littleEndian(ONNXFile.weights), "\(folder)/elsewhere/weights")
      var file = ONNXFile.small()
      file.tensors[0].content = WireWriter {
        $0.number(2, 1)
        $0.message(13) {
          $0.text(1, "location")
          $0.text(2, location)
        }
        $0.number(14, 1)
      }
      try body(try write(file.bytes, "\(folder)/model/model.onnx"), folder)
    }
  }

  private func link(_ path: String, to target: String) throws {
    try manager.createSymbolicLink(atPath: path, withDestinationPath: target)
  }

  private func refused(_ path: String, _ parts: String..., followsLinks: Bool = false) {
    var options = ConversionOptions()
    options.followsLinks = followsLinks
    let error = #expect(throws: GoogLeNetError.self) { try Converter.convert(path: path, options: options) }
    for part in parts + [path] { #expect(error?.message.contains(part) == true, "\(error?.message ?? "")") }
  }

  private func converts(_ path: String, followsLinks: Bool = false) throws {
    var options = ConversionOptions()
    options.followsLinks = followsLinks
    let result = try Converter.convert(path: path, options: options)
    guard case .convolution(let convolution)? = result.network.layers.first?.operation else {
      throw GoogLeNetError(.notFound, "no convolution")
    }
    #expect(convolution.weights.floats() == ONNXFile.weights)
  }

  @Test func linksOutOfTheFolderAreRefused() throws {
    try withModel("link") { path, folder in
      try link("\(folder)/model/link", to: "../elsewhere/weights")
      refused(path, "'w'", "/elsewhere/weights', outside of the model's own folder", "--follow-links")
      try converts(path, followsLinks: true)
    }
    try withModel("link/weights") { path, folder in
      try link("\(folder)/model/link", to: "\(folder)/elsewhere")
      refused(path, "/elsewhere/weights', outside of the model's own folder")
      try converts(path, followsLinks: true)
    }
  }

  @Test func linksWithinTheFolderAreFollowed() throws {
    try withModel("link") { path, folder in
      try manager.createDirectory(atPath: "\(folder)/model/data", withIntermediateDirectories: true)
      try manager.moveItem(atPath: "\(folder)/elsewhere/weights", toPath: "\(folder)/model/data/weights")
      try link("\(folder)/model/link", to: "data/weights")
      try converts(path)
      // The folder itself may be reached through links.
      try link("\(folder)/way", to: "model")
      try converts("\(folder)/way/model.onnx")
      // A folder whose name begins alike is another one.
      try manager.moveItem(atPath: "\(folder)/model/data", toPath: "\(folder)/model-data")
      try manager.removeItem(atPath: "\(folder)/model/link")
      try link("\(folder)/model/link", to: "../model-data/weights")
      refused(path, "outside of the model's own folder")
    }
  }

  /// As Hugging Face's cache has them: the snapshot's files are links to blobs.
  @Test func cachesOfLinksNeedToBeFollowed() throws {
    try withModel("weights") { path, folder in
      try manager.createDirectory(atPath: "\(folder)/snapshot", withIntermediateDirectories: true)
      try link("\(folder)/snapshot/model.onnx", to: "../model/model.onnx")
      try link("\(folder)/snapshot/weights", to: "../elsewhere/weights")
      refused("\(folder)/snapshot/model.onnx", "--follow-links")
      try converts("\(folder)/snapshot/model.onnx", followsLinks: true)
    }
  }

  @Test(arguments: ["", ".", "./", "sub/..", "..", "../elsewhere/weights", "/etc/passwd", "a/../../elsewhere/weights"])
  func placesThatAreNoFilesBeneathAreRefused(location: String) throws {
    for followsLinks in [false, true] {
      try withModel(location) { path, _ in refused(path, "tensor 'w' lies in", followsLinks: followsLinks) }
    }
  }

  @Test func foldersAndPipesAreRefused() throws {
    try withModel("data") { path, folder in
      try manager.createDirectory(atPath: "\(folder)/model/data", withIntermediateDirectories: true)
      refused(path, "is a folder")
    }
    try withModel("data") { path, folder in
      #expect(mkfifo("\(folder)/model/data", 0o600) == 0)
      refused(path, "not a regular file")
      refused(path, "not a regular file", followsLinks: true)
    }
    try withModel("data") { path, folder in
      try link("\(folder)/model/data", to: "/dev/zero")
      refused(path, "not a regular file", followsLinks: true)
    }
  }

  @Test func graphsStayBeneathTheirFolder() throws {
    try withTemporaryFolder { folder in
      try manager.createDirectory(atPath: "\(folder)/model", withIntermediateDirectories: true)
      _ = try write(try GoldenFiles.bytes("savedmodel-session/saved_model.pb"), "\(folder)/graph")
      try link("\(folder)/model/saved_model.pb", to: "../graph")
      refused("\(folder)/model", "its graph", "outside of the model's own folder", "--follow-links")
      try manager.removeItem(atPath: "\(folder)/model/saved_model.pb")
      #expect(mkfifo("\(folder)/model/saved_model.pb", 0o600) == 0)
      refused("\(folder)/model", "not a regular file", followsLinks: true)
    }
  }

  @Test func variablesStayBeneathTheirModel() throws {
    try withTemporaryFolder { folder in
      for name in ["model", "elsewhere"] {
        try manager.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
      }
      let parts = ["variables.index", "variables.data-00000-of-00001"]
      _ = try write(try GoldenFiles.bytes("savedmodel-session/saved_model.pb"), "\(folder)/model/saved_model.pb")
      for part in parts {
        _ = try write(try GoldenFiles.bytes("savedmodel-session/variables/\(part)"), "\(folder)/elsewhere/\(part)")
      }
      try link("\(folder)/model/variables", to: "../elsewhere")
      refused("\(folder)/model", "variables.index', outside of the model's own folder", "--follow-links")
      var options = ConversionOptions()
      options.followsLinks = true
      #expect(throws: Never.self) { try Converter.convert(path: "\(folder)/model", options: options) }
      try manager.removeItem(atPath: "\(folder)/model/variables")
      try manager.createDirectory(atPath: "\(folder)/model/variables", withIntermediateDirectories: true)
      try manager.copyItem(atPath: "\(folder)/elsewhere/\(parts[0])", toPath: "\(folder)/model/variables/\(parts[0])")
      try link("\(folder)/model/variables/\(parts[1])", to: "../../elsewhere/\(parts[1])")
      refused("\(folder)/model", "variables.data-00000-of-00001', outside of the model's own folder")
      #expect(throws: Never.self) { try Converter.convert(path: "\(folder)/model", options: options) }
    }
  }

  @Test func textsWithZeroBytesAreRefused() throws {
    try withModel("weights\0/../x") { path, folder in
      try manager.moveItem(atPath: "\(folder)/elsewhere/weights", toPath: "\(folder)/model/weights")
      refused(path, "'weights\\0/../x'", "contains a zero byte")
    }
    var onnx = ONNXFile.small()
    onnx.change("conv") { $0.name = "a\0b" }
    expectError(onnx.bytes, .invalidModel, "'a\\0b' (name at byte", "zero byte")
    onnx = ONNXFile.small()
    onnx.tensors[0].name = "w\0"
    expectError(onnx.bytes, .invalidModel, "'w\\0'")
    var caffe = CaffeFile.small(legacy: true)
    caffe.layers[0].name += "\0x"
    expectError(caffe.bytes, .invalidModel, "\\0x'", "zero byte")
    // Numbers may be zero, and so may bytes of tensors.
    #expect(throws: Never.self) { try convert(ONNXFile.small().bytes) }
  }
}
