import GoogLeNet

/// A float32 array of NumPy's npy format.
struct NumPyArray {
  /// Outermost first.
  let shape: [Int]
  let values: [Float]

  private static let magic: [UInt8] = [0x93] + [UInt8]("NUMPY".utf8)
  /// NumPy itself writes a few hundred bytes.
  private static let headerLimit = 1 << 16

  /// - Parameters:
  ///   - name: how errors call the array.
  ///   - file: the file in which it lies.
  /// - Throws: `invalidModel` where it is broken, `unsupported` where it is of another type or order; the message names
  ///   file and array.
  init(_ bytes: UnsafeRawBufferPointer, name: String, in file: InputFile) throws(GoogLeNetError) {
    let what = "array '\(name)'"
    let header = try NumPyArray.header(bytes, what, file)
    let fields: NumPyHeader
    do throws(NumPyHeader.Fault) {
      fields = try NumPyHeader(bytes[header])
    } catch {
      throw file.invalid("\(what): its npy header is broken at byte \(error.offset): \(error.what)")
    }
    guard fields.type == "<f4" else {
      throw file.unsupported("\(what) holds '\(fields.type)': save it as little-endian float32, array.astype('<f4')")
    }
    guard !fields.isFortranOrdered else {
      throw file.unsupported("\(what) is in Fortran order: save numpy.ascontiguousarray(array)")
    }
    var count = 1
    for size in fields.shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, product <= bytes.count else {
        throw file.invalid("\(what) of \(fields.shape) values has only \(bytes.count - header.upperBound) bytes")
      }
      count = product
    }
    guard bytes.count - header.upperBound == count * 4 else {
      throw file.invalid(
        "\(what) of \(fields.shape) values has \(bytes.count - header.upperBound) bytes instead of \(count * 4)")
    }
    shape = fields.shape
    values = (0..<count).map {
      Float(
        bitPattern: UInt32(
          littleEndian: bytes.loadUnaligned(fromByteOffset: header.upperBound + $0 * 4, as: UInt32.self)))
    }
  }

  /// Where the text of the header lies.
  private static func header(_ bytes: UnsafeRawBufferPointer, _ what: String, _ file: InputFile)
    throws(GoogLeNetError) -> Range<Int>
  {
    guard bytes.count >= 12, bytes.starts(with: magic), 1...3 ~= bytes[6] else {
      throw file.invalid("\(what) is not in npy format of version 1, 2 or 3")
    }
    let isShort = bytes[6] == 1
    let length =
      isShort
      ? Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
      : Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
    let start = isShort ? 10 : 12
    guard length <= headerLimit, length <= bytes.count - start else {
      throw file.invalid("\(what) has an npy header of \(length) bytes, but only \(bytes.count - start) follow")
    }
    return start..<start + length
  }
}
