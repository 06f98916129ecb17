import GoogLeNet

@testable import Conversion
@testable import FuzzSupport

// Configurations of Keras models, for arrays that a whole model's file holds.

func layer(_ type: String, _ config: String, _ name: String, reads inputs: [String], newer: Bool) -> String {
  let calls: String
  if newer {
    let tensors = inputs.map {
      #"{"class_name":"__keras_tensor__","config":{"shape":[null,96,64,3],"keras_history":["\#($0)",0,0]}}"#
    }
    calls = inputs.isEmpty ? "" : #"{"args":[[\#(tensors.joined(separator: ","))]],"kwargs":{"training":false}}"#
  } else {
    calls = inputs.isEmpty ? "" : "[\(inputs.map { #"["\#($0)",0,0,{}]"# }.joined(separator: ","))]"
  }
  return
    #"{"class_name":"\#(type)","name":"\#(name)","config":{"name":"\#(name)",\#(config)},"inbound_nodes":[\#(calls)]}"#
}

func functional(newer: Bool) -> String {
  let parts: [(type: String, config: String, name: String, inputs: [String])] = [
    ("InputLayer", #""batch_shape":[null,96,64,3]"#, "image", []),
    ("Rescaling", #""scale":[0.1,0.2,0.3],"offset":-1"#, "rescaling", ["image"]),
    ("ZeroPadding2D", #""padding":[[1,2],[3,0]]"#, "padding", ["rescaling"]),
    (
      "Conv2D", #""filters":7,"kernel_size":[5,3],"strides":[2,3],"padding":"same","use_bias":false"#, "conv2d",
      ["padding"]
    ),
    ("Activation", #""activation":"relu""#, "relu", ["conv2d"]),
    ("AveragePooling2D", #""pool_size":3,"strides":1,"padding":"same""#, "pool", ["relu"]),
    ("Concatenate", #""axis":-1"#, "both", ["relu", "pool"]),
    ("GlobalAveragePooling2D", #""keepdims":false"#, "mean", ["both"]),
    ("Dropout", #""rate":0.4"#, "drop", ["mean"]),
    ("Dense", #""units":12,"activation":"softmax","use_bias":false"#, "dense", ["drop"]),
  ]
  let layers = parts.map { layer($0.type, $0.config, $0.name, reads: $0.inputs, newer: newer) }
  return
    #"{"class_name":"Functional","config":{"name":"m","layers":[\#(layers.joined(separator: ","))],"output_layers":[["dense",0,0],["drop",0,0]]}}"#
}

let sequential = #"""
  {"class_name":"Sequential","config":{"name":"s","layers":[
  {"class_name":"Normalization","config":{"name":"n","axis":[-1],"mean":[[120.0,110.0,100.0]],"variance":[9.0,8.0,7.0],
  "batch_input_shape":[null,96,64,3]}},
  {"class_name":"Conv2D","config":{"name":"conv2d","filters":7,"kernel_size":[5,3],"strides":[2,3],"use_bias":false}},
  {"class_name":"BatchNormalization","config":{"name":"batch_normalization","axis":[3],"epsilon":0.001,"scale":false}},
  {"class_name":"ReLU","config":{"name":"r","max_value":null}},
  {"class_name":"Conv2D","config":{"name":"conv2d_1","filters":14,"kernel_size":3,"padding":"same","dilation_rate":[2,2],
  "groups":7,"activation":"relu"}},
  {"class_name":"MaxPooling2D","config":{"name":"p","pool_size":[2,2]}},
  {"class_name":"GlobalAveragePooling2D","config":{"name":"g","keepdims":true}},{"class_name":"Flatten","config":{"name":"f"}},
  {"class_name":"Dense","config":{"name":"dense","units":12,"use_bias":false}},
  {"class_name":"Softmax","config":{"name":"x","axis":-1}}]}}
  """#

nonisolated(unsafe) let weights: HDF5File = {
  let file = golden("keras2-sequential.h5")
  return file.withUnsafeBytes { bytes in
    guard let data = try? HDF5File(bytes, InputFile(name: "input", folder: nil, bytes: bytes)) else {
      fatalError("the file of arrays cannot be read")
    }
    return data
  }
}()

fuzz(seeds: [functional(newer: true), functional(newer: false), sequential].map { [UInt8]($0.utf8) }) {
  bytes throws(GoogLeNetError) in
  let file = InputFile(name: "input", folder: nil, bytes: bytes)
  let model = try KerasModel(bytes, file)
  let arrays = try KerasWeights(weights, isArchive: false, layers: model.layers, file: file)
  let network = try KerasImporter.network(
    of: model, arrays, source: .kerasHDF5, options: ConversionOptions(), file: file)
  _ = try LayerGraph.foldingNormalizations(network.layers, file.budget)
}
