import GoogLeNet

@testable import Conversion
@testable import FuzzSupport

// safetensors files.

let headers = [
  #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"F16","shape":[4],"data_offsets":[16,24]}}"#,
  #"{"x\u00e9\n":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}, "y" : {"dtype":"F64","shape":[0,3],"data_offsets":[2,2],"z":[null,true,false,-1.5e3,"\ud83d\ude00"]}}"#,
  #"{"conv1.conv.weight":{"dtype":"I8","shape":[1,3,2,2],"data_offsets":[0,12]}}  "#,
]

fuzz(seeds: headers.map { TorchFile.safetensors(header: $0, data: [UInt8](repeating: 63, count: 24)) }) {
  bytes throws(GoogLeNetError) in
  let file = InputFile(name: "input", folder: nil, bytes: bytes)
  guard FileKind(file) == .safetensors else { return }
  try readAll(try SafetensorsFile.contents(file).state, file)
}
