import Conversion
import Foundation
import GoogLeNet
import Testing

/// Runs `body` with a new folder that is removed afterwards.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
  let folder = NSTemporaryDirectory() + "/conversion-tests-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

/// Two layers with the same name, operation and bits of every tensor.
func expectEqual(_ left: Layer, _ right: Layer) throws {
  #expect(left.name == right.name)
  #expect("\(left.operation.kind)" == "\(right.operation.kind)", "\(left.name)")
  switch (left.operation, right.operation) {
  case (.convolution(let left), .convolution(let right)):
    #expect(left.border == right.border)
    #expect(left.strideHeight == right.strideHeight && left.strideWidth == right.strideWidth)
    #expect(left.dilationHeight == right.dilationHeight && left.dilationWidth == right.dilationWidth)
    #expect(left.groups == right.groups)
  case (.pooling(let left), .pooling(let right)): #expect(left.border == right.border)
  default: break
  }
  let leftTensors = left.operation.tensors, rightTensors = right.operation.tensors
  #expect(leftTensors.count == rightTensors.count, "\(left.name)")
  for ((_, left), (_, right)) in zip(leftTensors, rightTensors) {
    #expect(left.dims == right.dims)
    #expect(left.elementType == right.elementType)
    #expect(left.scales == right.scales)
    #expect(left.bytes.count == right.bytes.count)
    if let first = left.bytes.baseAddress, let second = right.bytes.baseAddress {
      #expect(memcmp(first, second, min(left.bytes.count, right.bytes.count)) == 0)
    }
  }
}

/// Converts a file in memory.
func convert(_ bytes: [UInt8], options: ConversionOptions = ConversionOptions()) throws -> ConversionResult {
  try bytes.withUnsafeBytes { try Converter.convert(bytes: $0, named: "test file", options: options) }
}

/// A conversion that must fail with a status and a message that names the file and contains all of `parts`.
func expectError(
  _ bytes: [UInt8], _ status: Status, _ parts: String..., options: ConversionOptions = ConversionOptions(),
  at location: SourceLocation = #_sourceLocation
) {
  let error = #expect(throws: GoogLeNetError.self, sourceLocation: location) { try convert(bytes, options: options) }
  guard let error else { return }
  #expect(error.status == status, "\(error.message)", sourceLocation: location)
  for part in parts + ["'test file'"] {
    #expect(error.message.contains(part), "\(error.message)", sourceLocation: location)
  }
}

/// Writes a file and gives its path back.
func write(_ bytes: [UInt8], _ path: String) throws -> String {
  try Data(bytes).write(to: URL(fileURLWithPath: path))
  return path
}
