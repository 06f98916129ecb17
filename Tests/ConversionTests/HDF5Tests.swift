import GoogLeNet
import Testing

@testable import Conversion

@Suite struct HDF5Tests {
  /// A heap whose first object has a size that, with its header and the rounding, wraps to 0: libhdf5 never gets past it.
  @Test func loopsWithoutEndAreLeft() throws {
    var bytes = try GoldenFiles.bytes("keras2-sequential.h5")
    let heap = try #require(bytes.firstRange(of: Array("GCOL".utf8))).lowerBound
    bytes.replaceSubrange(heap + 24..<heap + 32, with: [0xF0] + [UInt8](repeating: 0xFF, count: 7))
    let started = ContinuousClock.now
    let error = #expect(throws: GoogLeNetError.self) {
      try bytes.withUnsafeBytes { bytes in
        try HDF5File(bytes, InputFile(name: "loop", folder: nil, bytes: bytes), milliseconds: 50)
      }
    }
    #expect(error?.status == .unsupported)
    #expect(error?.message == "'loop': its HDF5 data is not read: libhdf5 takes more than 0.05 seconds over it")
    // On a busy machine the process waits for its processor time.
    #expect(ContinuousClock.now - started < .seconds(30))
  }

  /// What the reading process leaves is not trusted.
  @Test func entriesAreChecked() throws {
    let good: [UInt8] = [3, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 64) + [1, 0, 0, 0, 0, 0, 0, 0]
    let lengths: [(length: [UInt8], isRead: Bool)] = [
      ([2, 0, 0, 0, 0, 0, 0, 0], true), ([9, 0, 0, 0, 0, 0, 0, 0], false),
      ([UInt8](repeating: 0xFF, count: 8), false),
    ]
    for (length, isRead) in lengths {
      let bytes = good + length + Array("a".utf8) + [UInt8](repeating: 0, count: 7) + Array("hi".utf8)
      let text = try? bytes.withUnsafeBytes { bytes in
        try HDF5File(entries: bytes, InputFile(name: "x", folder: nil, bytes: bytes)).texts["a"]
      }
      #expect(text == (isRead ? "hi" : nil))
    }
    #expect(throws: GoogLeNetError.self) {
      try good.withUnsafeBytes { bytes in
        try HDF5File(entries: bytes, InputFile(name: "x", folder: nil, bytes: bytes))
      }
    }
  }
}
