import GoogLeNet

/// A text file that tells the class of each picture: lines of a file name, white space, a class index from 0.
struct LabelledPictures {
  let pictures: [(path: String, classIndex: Int)]

  /// - Parameters:
  ///   - folder: where the pictures are.
  ///   - classCount: of the model.
  init(path: String, folder: String, classCount: Int) throws(GoogLeNetError) {
    let file = try MappedFile(path: path, readingStreams: true)
    let text = PathText.text(of: file.bytes)
    var pictures: [(path: String, classIndex: Int)] = []
    for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard let last = words.last else { continue }
      guard words.count > 1, let classIndex = Int(last) else {
        throw GoogLeNetError(
          .invalidArgument, "'\(path)', line \(number + 1): a file name and a class index are wanted, not '\(line)'")
      }
      guard 0..<classCount ~= classIndex else {
        throw GoogLeNetError(
          .invalidArgument,
          "'\(path)', line \(number + 1): class \(classIndex), but the model has the classes 0 to \(classCount - 1)")
      }
      let name = line[words[0].startIndex..<words[words.count - 2].endIndex]
      pictures.append((name.hasPrefix("/") ? String(name) : "\(folder)/\(name)", classIndex))
    }
    guard !pictures.isEmpty else { throw GoogLeNetError(.invalidArgument, "'\(path)' names no pictures") }
    self.pictures = pictures
  }
}
