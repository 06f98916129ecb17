import Glibc
import GoogLeNet
import ImageFiles

/// The pictures of a folder.
enum PictureFolder {
  /// Paths of the JPEG and PNG files in a folder, told by their names, in the order of their names.
  static func paths(_ folder: String) throws(GoogLeNetError) -> [String] {
    guard let stream = PathText.withCString(folder, { opendir($0) }) else {
      throw GoogLeNetError(.ioError, "'\(folder)': cannot list the folder: \(String(cString: strerror(errno)))")
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        PathText.text(of: bytes.prefix { $0 != 0 })
      }
      let lowercased = name.lowercased()
      guard !name.hasPrefix("."), [".jpg", ".jpeg", ".png"].contains(where: { lowercased.hasSuffix($0) }) else {
        continue
      }
      names.append(name)
    }
    return names.sorted { PathText.bytes(of: $0).lexicographicallyPrecedes(PathText.bytes(of: $1)) }.map {
      "\(folder)/\($0)"
    }
  }

  /// A picture cut to a session's input size as `classify` does.
  static func pixels(_ path: String, for session: Session, _ arguments: PictureArguments) throws(GoogLeNetError)
    -> [UInt8]
  {
    let channels = session.model.network.preprocessing.channelOrder.channels
    var pixels = [UInt8](repeating: 0, count: session.inputHeight * session.inputWidth * channels)
    try PictureFile(path: path).withPicture(applyingOrientation: arguments.exifOrientation) {
      (image) throws(GoogLeNetError) in
      try pixels.withUnsafeMutableBufferPointer { (pixels) throws(GoogLeNetError) in
        try session.preprocess(try View(image), into: pixels)
      }
    }
    return pixels
  }
}
