import Glibc
import GoogLeNet

@testable import Conversion
@testable import FuzzSupport

// Mean images of Caffe (mean.binaryproto).

func image(_ dims: [Int], _ values: [Float], isLegacy: Bool = true) -> [UInt8] {
  WireWriter { blob in
    if isLegacy {
      for (index, dim) in dims.enumerated() { blob.number(UInt64(index + 1), dim) }
    } else {
      blob.message(7) { $0.packedNumbers(1, dims) }
    }
    blob.packedFloats(5, values)
  }.bytes
}

let values = (0..<60).map { Float($0) / 4 }
let descriptor = fileno(tmpfile())
let path = "/proc/self/fd/\(descriptor)"

fuzz(seeds: [
  image([1, 3, 4, 5], values), image([3, 4, 5], values, isLegacy: false),
  image([1, 3, 1, 2], [104, 104, 117, 117, 123, 123]),
]) { bytes throws(GoogLeNetError) in
  guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes.baseAddress, bytes.count, 0) == bytes.count else {
    fatalError("cannot write the mean image")
  }
  let mean = try CaffeMean(path: path, channels: 3, size: (3, 3))
  guard mean.values.count == 3, mean.values.allSatisfy(\.isFinite) else { fatalError("no mean for each channel") }
}
