import GoogLeNet

@testable import Conversion
@testable import FuzzSupport

// TFLite models. The magic number is given, so that no change of it makes them files of another format.

let names = ["2015", "float", "float16", "int8-float", "int8", "uint8", "uint8-asymmetric"]

fuzz(seeds: names.map { golden("tflite-\($0).tflite") }) { bytes throws(GoogLeNetError) in
  var file = [UInt8](bytes)
  guard file.count >= 8 else { return }
  file.replaceSubrange(4..<8, with: "TFL3".utf8)
  try file.withRawBytes { (bytes) throws(GoogLeNetError) in try convertAndReload(bytes) }
}
