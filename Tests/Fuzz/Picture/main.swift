import FuzzSupport
import ImageFiles

@testable import Conversion
@testable import GoogLeNet

// JPEG and PNG pictures, decoded and, where they are small, resized by one of the rules, as their EXIF says that they are seen.
// Mutated PNG chunks get the right CRC.

let croppers = Preprocessing.ResizeRule.allCases.map { rule in
  Cropper(
    preprocessing: Preprocessing(
      inputHeight: 8, inputWidth: 8, channelOrder: .rgb, mean: [0, 0, 0], scale: [1, 1, 1], shortSide: 9,
      resizeRule: rule), height: 8, width: 8)
}

let crcTable: [UInt32] = (0..<256).map { byte in
  (0..<8).reduce(UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
}

func withRightChecksums(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
  var file = [UInt8](bytes)
  guard file.first == 0x89 else { return file }
  var chunk = 8
  while file.count - chunk >= 12 {
    let length = file[chunk..<chunk + 4].reduce(0) { $0 << 8 | Int($1) }
    guard length <= file.count - chunk - 12 else { break }
    let end = chunk + 8 + length
    let crc = ~file[chunk + 4..<end].reduce(UInt32.max) { crc, byte in
      crc >> 8 ^ crcTable[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
    }
    withUnsafeBytes(of: crc.bigEndian) { file.replaceSubrange(end..<end + 4, with: $0) }
    chunk = end + 4
  }
  return file
}

fuzz(seeds: []) { bytes throws(GoogLeNetError) in
  try withRightChecksums(bytes).withRawBytes { (bytes) throws(GoogLeNetError) in
    try PictureFile(bytes: bytes, name: "input").withPicture { (picture) throws(GoogLeNetError) in
      guard picture.width * picture.height < 1 << 20 else { return }
      guard let cropped = HeapBlock(byteCount: 8 * 8 * 3) else { return }
      let cropper = croppers[(picture.width + picture.height) % croppers.count]
      try cropper.crop(try View(picture), into: cropped.mutableBytes, available: .max, during: nil)
    }
  }
}
