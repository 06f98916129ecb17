import CGoogLeNet

/// A model that the host holds.
final class HostModel {
  let pointer: OpaquePointer
  /// What the library borrows.
  let borrowed: ExactBuffer?
  /// Where the library reads it again; nil where it came from memory.
  let file: TemporaryFile?
  /// Whether it is a network without infinite values, which nothing may refuse.
  let isWhole: Bool
  let layers: [String]
  /// Multiply-adds and values of an image of the model's own size.
  let work: UInt64

  init(_ pointer: OpaquePointer, borrowed: ExactBuffer? = nil, file: TemporaryFile? = nil, isWhole: Bool) {
    self.pointer = pointer
    self.borrowed = borrowed
    self.file = file
    self.isWhole = isWhole
    var names: [String] = []
    var work = gln_model_multiply_add_count(pointer)
    for index in 0..<gln_model_layer_count(pointer) {
      var info = gln_layer_info()
      info.struct_size = MemoryLayout<gln_layer_info>.size
      guard gln_model_layer(pointer, index, &info) == GLN_OK, let name = info.name, info.kind != nil else {
        fatalError("no layer \(index)")
      }
      names.append(String(cString: name))
      work &+= UInt64(info.channels) &* UInt64(info.height) &* UInt64(info.width) &* 25
    }
    layers = names
    self.work = work
  }
}
