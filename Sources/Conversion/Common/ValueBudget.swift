import GoogLeNet

/// How many values a conversion may still make: a small file can refer to the same numbers many times.
struct ValueBudget {
  private let file: InputFile
  private var left: Int

  /// Enough for a file in which every byte is a weight, and for networks several times GoogLeNet's size beside it.
  init(_ file: InputFile) {
    self.file = file
    left = file.bytes.count + 64 << 20
  }

  /// - Throws: `unsupported` where more values are made than any real network has.
  mutating func spend(_ count: Int) throws(GoogLeNetError) {
    guard count <= left else {
      throw file.unsupported("its graph makes more than 64 Mi values beyond those in the file")
    }
    left -= count
  }
}
