import GoogLeNet

/// What another program computed: the input that it was given and its output, from a NumPy archive (npz).
public struct ReferenceOutputs {
  /// How errors name the archive.
  let file: InputFile
  let input: NumPyArray
  let output: NumPyArray
  /// What the archive calls them.
  let inputName: String
  let outputName: String

  private static let inputNames = ["input", "images"]
  private static let outputNames = ["output", "probabilities", "logits"]

  /// Reads an archive of float32 arrays, called `input` and `output`, or the first two where no names tell.
  /// - Parameter memoryLimit: bytes that its arrays may take; nil for 64 MiB and 8 times the archive's bytes.
  /// - Throws: `ioError` where it cannot be read, `invalidModel` where it is broken, `unsupported` where its arrays are
  ///   of another type, `limitExceeded`.
  public static func read(path: String, memoryLimit: Int? = nil) throws(GoogLeNetError) -> ReferenceOutputs {
    let mapped = try MappedFile(path: path, readingStreams: true)
    let budget = ValueBudget(name: path, limit: memoryLimit)
    budget.count(mapped, path: path)
    let file = InputFile(name: path, folder: nil, bytes: mapped.bytes, budget: budget)
    return try withExtendedLifetime(mapped) { () throws(GoogLeNetError) in try ReferenceOutputs(file) }
  }

  init(_ file: InputFile) throws(GoogLeNetError) {
    guard file.starts(with: [0x50, 0x4B]) else {
      throw file.unsupported("it is not a NumPy archive: save the arrays with numpy.savez(path, input=…, output=…)")
    }
    self.file = InputFile(name: file.name, folder: nil, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
    let archive = try ZipArchive(file)
    let suffix = ".npy"
    let names = archive.names.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
    guard names.count >= 2 else {
      throw file.unsupported("it holds \(names.count) arrays: an input and an output are needed")
    }
    inputName = ReferenceOutputs.inputNames.first(where: names.contains) ?? names[0]
    let others = names.filter { [inputName] in $0 != inputName }
    guard let output = ReferenceOutputs.outputNames.first(where: others.contains) ?? others.first else {
      throw file.invalid("its arrays have the same name")
    }
    outputName = output
    input = try ReferenceOutputs.array(inputName, archive, file)
    self.output = try ReferenceOutputs.array(outputName, archive, file)
  }

  private static func array(_ name: String, _ archive: ZipArchive, _ file: InputFile) throws(GoogLeNetError)
    -> NumPyArray
  {
    let block = try archive.read("\(name).npy", limit: 1 << 30)
    let array = try NumPyArray(block.bytes, name: name, in: file)
    guard array.values.allSatisfy(\.isFinite) else {
      throw file.invalid("array '\(name)' has values that are NaN or infinite")
    }
    return array
  }

  /// The input as images one after another, each channel by channel.
  /// - Parameter image: what a network takes.
  func images(of image: Shape) throws(GoogLeNetError) -> (count: Int, values: [Float]) {
    let dims = input.shape.count == 3 ? [1] + input.shape : input.shape
    guard dims.count == 4, dims[0] > 0 else { throw wrongInput(image) }
    let rest = [Int](dims.dropFirst())
    if rest == [image.channels, image.height, image.width] { return (dims[0], input.values) }
    guard rest == [image.height, image.width, image.channels] else { throw wrongInput(image) }
    let pixels = image.height * image.width
    var planes = input.values
    for first in stride(from: 0, to: planes.count, by: image.count) {
      for pixel in 0..<pixels {
        for channel in 0..<image.channels {
          planes[first + channel * pixels + pixel] = input.values[first + pixel * image.channels + channel]
        }
      }
    }
    return (dims[0], planes)
  }

  private func wrongInput(_ image: Shape) -> GoogLeNetError {
    file.unsupported(
      "array '\(inputName)' has the shape \(input.shape): the network takes (images, \(image.channels), \(image.height), "
        + "\(image.width)), or channels last; --input-size changes its size")
  }

  /// Whether the output's rows are probabilities; what the softmax reads otherwise.
  /// - Parameter count: values of a row.
  func areProbabilities(rowsOf count: Int) -> Bool {
    for first in stride(from: 0, to: output.values.count, by: count) {
      let row = output.values[first..<first + count]
      guard row.allSatisfy({ $0 >= 0 }), abs(row.reduce(0, +) - 1) < 1e-3 else { return false }
    }
    return true
  }
}
