import GoogLeNet

/// Where tensors lie in the weights field of a model file, each aligned.
final class WrittenTensors {
  private(set) var places: [(offset: Int, bytes: UnsafeRawBufferPointer)] = []
  /// Where the last one ends.
  private(set) var length = 0

  /// Returns where the tensor begins.
  func append(_ tensor: Tensor) -> Int {
    let offset = ModelFileHeader.aligned(length)
    places.append((offset, tensor.bytes))
    length = offset + tensor.bytes.count
    return offset
  }
}
