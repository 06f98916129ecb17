import CHDF5Reader
import Foundation
import GoogLeNet

@testable import Conversion
@testable import FuzzSupport

// HDF5 files of Keras, which libhdf5 reads in a process of its own: whatever that does, this one lives. It must not trust
// what that process leaves either: inputs that are no HDF5 file are taken for it.

HDF5File.millisecondsLimit = 50

func entry(_ kind: gln_hdf5_kind, _ path: String, _ dims: [Int], _ value: [UInt8]) -> [UInt8] {
  func padded(_ bytes: [UInt8]) -> [UInt8] { bytes + [UInt8](repeating: 0, count: (8 - bytes.count % 8) % 8) }
  var entry = gln_hdf5_entry()
  entry.kind = UInt32(kind.rawValue)
  entry.rank = UInt32(dims.count)
  withUnsafeMutableBytes(of: &entry.dims) { bytes in
    for (axis, dim) in dims.enumerated() {
      bytes.storeBytes(of: UInt64(dim), toByteOffset: 8 * axis, as: UInt64.self)
    }
  }
  entry.path_length = UInt64(path.utf8.count)
  entry.value_length = UInt64(value.count)
  return withUnsafeBytes(of: entry) { [UInt8]($0) } + padded([UInt8](path.utf8)) + padded(value)
}

let configuration = #"""
  {"class_name":"Sequential","config":{"name":"s","layers":[
  {"class_name":"Conv2D","config":{"name":"c","filters":2,"kernel_size":[3,3],"batch_input_shape":[null,8,8,3]}},
  {"class_name":"GlobalAveragePooling2D","config":{"name":"g"}},
  {"class_name":"Dense","config":{"name":"d","units":2,"activation":"softmax"}}]}}
  """#

func floats(_ path: String, _ dims: [Int]) -> [UInt8] {
  entry(GLN_HDF5_FLOATS, path, dims, littleEndian([Float](repeating: 0.5, count: dims.reduce(1, *))))
}

let entries =
  entry(GLN_HDF5_TEXT, "@model_config", [], [UInt8](configuration.utf8)) + entry(GLN_HDF5_MARK, "@layer_names", [], [])
  + floats("model_weights/c/c/kernel:0", [3, 3, 3, 2]) + floats("model_weights/c/c/bias:0", [2])
  + floats("model_weights/d/d/kernel:0", [2, 2]) + floats("model_weights/d/d/bias:0", [2])

fuzz(seeds: [golden("keras2-sequential.h5"), golden("keras3-sequential.h5"), entries]) { bytes throws(GoogLeNetError) in
  let file = InputFile(name: "input", folder: nil, bytes: bytes)
  guard FileKind(file) != .hdf5 else { return try convertAndReload(bytes) }
  let data = try HDF5File(entries: bytes, file)
  let text = data.texts["@model_config"] ?? configuration
  let model = try [UInt8](text.utf8).withRawBytes { (bytes) throws(GoogLeNetError) in try KerasModel(bytes, file) }
  for isArchive in [false, true] {
    let arrays = try KerasWeights(data, isArchive: isArchive, layers: model.layers, file: file)
    _ = try KerasImporter.network(
      of: model, arrays, source: .kerasHDF5, options: ConversionOptions(), file: file)
  }
}
