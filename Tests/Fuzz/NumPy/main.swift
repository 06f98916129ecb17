import GoogLeNet

@testable import Conversion
@testable import FuzzSupport

// NumPy arrays and archives of them, as references for conversions.

func array(_ dims: String, _ values: [Float], type: String = "<f4", version: UInt8 = 1) -> [UInt8] {
  let header = [UInt8]("{'descr': '\(type)', 'fortran_order': False, 'shape': (\(dims)), }\n".utf8)
  let length: [UInt8] = version == 1 ? [UInt8(header.count), 0] : [UInt8(header.count), 0, 0, 0]
  return [0x93] + [UInt8]("NUMPY".utf8) + [version, 0] + length + header + littleEndian(values)
}

func seeds() -> [[UInt8]] {
  let input = array("2, 1, 1, 2", [1, 2, 3, 4])
  let output = array("2, 3", [0.5, 0.25, 0.25, 0.5, 0.25, 0.25])
  return [
    input, output, array("", [1], version: 2), array("3,", [1, 2, 3], type: ">f4", version: 3),
    TorchFile.zip([("input.npy", input), ("output.npy", output)]),
    TorchFile.zip([("a.npy", input), ("b.npy", output)], deflated: true), TorchFile.zip([("input.npy", input)]),
  ]
}

fuzz(seeds: seeds()) { bytes throws(GoogLeNetError) in
  let file = InputFile(name: "input", folder: nil, bytes: bytes)
  guard file.starts(with: [0x50, 0x4B]) else {
    _ = try NumPyArray(bytes, name: "array", in: file)
    return
  }
  let reference = try ReferenceOutputs(file)
  let images = try reference.images(of: Shape(channels: 1, height: 1, width: 2))
  guard images.values.count == images.count * 2 else { fatalError("images of another size") }
}
