/// What a file is that is no model file, told by its first bytes. A short table: nothing of these formats is read here.
enum ForeignFormat {
  /// Trained files, which `googlenet convert` takes or knows what to do about.
  private static func trained(_ bytes: UnsafeRawBufferPointer) -> StaticString? {
    if begins(bytes, "PK\u{3}\u{4}") { return "a zip archive, as of PyTorch or Keras" }
    if begins(bytes, [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) { return "an HDF5 file, as of Keras" }
    if begins(bytes, "TFL3", at: 4) { return "a TFLite model" }
    if bytes.count > 2, bytes[0] == 0x80, 2...5 ~= bytes[1] { return "a Python pickle, as of PyTorch" }
    if begins(bytes, "{", at: 8), UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) < 1 << 40 {
      return "a safetensors file"
    }
    // Protobuf without a checksum of ours: ONNX begins with its version of the format, 3 or more, TensorFlow's saved models with 1.
    if bytes.count > 2, bytes[0] == 1 << 3 {
      if bytes[1] == 1, bytes[2] == 2 << 3 | 2 { return "a TensorFlow SavedModel" }
      if 3...31 ~= bytes[1] { return "an ONNX model" }
    }
    // A text in field 1: the name of a network, or TensorFlow's first node.
    if bytes.count > 2, bytes[0] == 1 << 3 | 2 {
      return bytes[2] == 1 << 3 | 2 || (bytes[1] >= 0x80 && bytes[3..<min(5, bytes.count)].contains(1 << 3 | 2))
        ? "a TensorFlow graph" : "a Caffe model"
    }
    let isPrototxt = begins(bytes, "name:") || begins(bytes, "layer") || begins(bytes, "input")
    return isPrototxt ? "a Caffe prototxt" : nil
  }

  private static func other(_ bytes: UnsafeRawBufferPointer) -> StaticString? {
    if begins(bytes, [0xFF, 0xD8, 0xFF]) { return "a JPEG picture" }
    if begins(bytes, [0x89, 0x50, 0x4E, 0x47]) { return "a PNG picture" }
    if begins(bytes, [0x1F, 0x8B]) { return "a gzip archive" }
    if begins(bytes, [0xFD, 0x37, 0x7A, 0x58, 0x5A]) { return "an xz archive" }
    if begins(bytes, "version https://git-lfs") { return "a Git LFS pointer, not the file itself: run 'git lfs pull'" }
    if begins(bytes, "<") { return "an HTML or XML page" }
    return nil
  }

  /// The error that says what a file is; nil where the first bytes do not tell.
  static func error(_ bytes: UnsafeRawBufferPointer, source: String) -> GoogLeNetError? {
    if let format = trained(bytes) {
      return GoogLeNetError(
        .invalidModel,
        "\(source) is \(format), not a googlenet model file: make one of it with 'googlenet convert INPUT -o MODEL'")
    }
    if let format = other(bytes) {
      return GoogLeNetError(.invalidModel, "\(source) is \(format), not a googlenet model file")
    }
    return nil
  }

  private static func begins(_ bytes: UnsafeRawBufferPointer, _ text: StaticString, at offset: Int = 0) -> Bool {
    guard bytes.count >= offset + text.utf8CodeUnitCount else { return false }
    for index in 0..<text.utf8CodeUnitCount where bytes[offset + index] != text.utf8Start[index] { return false }
    return true
  }

  private static func begins<let count: Int>(_ bytes: UnsafeRawBufferPointer, _ magic: InlineArray<count, UInt8>)
    -> Bool
  {
    guard bytes.count >= count else { return false }
    for index in 0..<count where bytes[index] != magic[index] { return false }
    return true
  }
}
