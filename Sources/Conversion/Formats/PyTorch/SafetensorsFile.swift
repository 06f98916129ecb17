import GoogLeNet

/// A safetensors file: the length of a JSON header, the header, and the raw tensors.
enum SafetensorsFile {
  private static let headerLimit: UInt64 = 100_000_000

  private static let types: [String: NumberFormat] = [
    "F32": .float32, "F16": .float16, "BF16": .bfloat16, "F64": .float64, "I64": .int64, "I32": .int32, "I16": .int16,
    "I8": .int8, "U8": .uint8, "BOOL": .bool,
  ]

  private static let metadataKey = "__metadata__"

  /// The state dict and the metadata. The bytes of `file` must stay as long as them.
  static func contents(_ file: InputFile) throws(GoogLeNetError) -> TorchContents {
    guard file.bytes.count >= 8 else { throw file.invalid("it is too short for a safetensors file") }
    let length = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
    guard length <= headerLimit, length <= UInt64(file.bytes.count - 8) else {
      throw file.invalid(
        "its safetensors header of \(length) bytes does not fit the \(file.bytes.count) bytes of the file: truncated?")
    }
    let header: JSONValue
    do throws(JSONValue.Fault) {
      header = try JSONValue(UnsafeRawBufferPointer(rebasing: file.bytes[8..<8 + Int(length)]))
    } catch {
      throw file.invalid("its safetensors header is broken at byte \(8 + error.offset): \(error.what)")
    }
    guard case .object(let members) = header else { throw file.invalid("its safetensors header is not a JSON object") }
    let data = UnsafeRawBufferPointer(rebasing: file.bytes[(8 + Int(length))...])
    var result = StateDict()
    for (key, value) in members where key != metadataKey {
      guard let name = value["dtype"]?.string, let dims = value["shape"]?.sizes,
        let offsets = value["data_offsets"]?.sizes, offsets.count == 2
      else { throw file.invalid("tensor '\(key)' lacks a dtype, shape or data_offsets") }
      guard let type = types[name] else { throw file.unsupported("tensor '\(key)' has the dtype '\(name)'") }
      // A tensor without dimensions has one value; one with a dimension of 0 has none.
      let count = dims.contains(0) ? 0 : dims.checkedProduct
      guard let count, case let (size, overflow) = count.multipliedReportingOverflow(by: type.size), !overflow,
        offsets[0] <= offsets[1], offsets[1] <= data.count, offsets[1] - offsets[0] == size
      else {
        throw file.invalid(
          "tensor '\(key)' of \(dims) \(name) lies at bytes \(offsets[0]) to \(offsets[1]) of \(data.count): that does not fit"
        )
      }
      let bytes = UnsafeRawBufferPointer(rebasing: data[offsets[0]..<offsets[1]])
      result.add(
        key,
        StateDict.Entry(dims: dims, elementType: type) { () throws(GoogLeNetError) in
          guard type.isFloatingPoint else { throw file.unsupported("'\(key)' holds \(name): floats are needed") }
          return try Tensor(dims: dims, count: count, file.budget) { values in
            for index in values.indices { values[index] = type.float(bytes, index) }
          }
        })
    }
    return TorchContents(state: result, source: .safetensors, metadata: metadata(header[metadataKey]))
  }

  private static func metadata(_ value: JSONValue?) -> [MetadataEntry] {
    guard case .object(let members)? = value else { return [] }
    return members.compactMap { key, value in
      // The framework that wrote the tensors, which says nothing of the network.
      guard key != "format", let text = value.string else { return nil }
      return MetadataEntry(key: key, value: text)
    }
  }
}
