/// The numbers behind tensors of a PyTorch archive: an entry of the zip file.
struct TorchStorage {
  let elementType: NumberFormat
  /// The entry's name within the archive's folder `data`.
  let key: String
  /// Numbers in it.
  let count: Int
}

/// A view of a storage.
struct TorchTensor {
  let storage: TorchStorage
  let offset: Int
  let dims: [Int]
  let strides: [Int]
}
