/// A caller's array of structures that begin with `struct_size`, which may be of another version of the header: they lie as far apart as
/// the first one says.
struct StructArray {
  private let base: UnsafeRawPointer
  let count: Int
  private let stride: Int

  /// What no structure of a later header will reach.
  private static let sizeLimit = 4096

  /// - Parameters:
  ///   - known: the size of an element in this header.
  ///   - name: of the argument.
  ///   - type: of an element.
  /// - Throws: where an element says another size than the first one, or sets members that this library does not know.
  init(_ elements: UnsafeRawPointer, _ count: Int, known: Int, _ name: StaticString, _ type: StaticString)
    throws(GoogLeNetError)
  {
    base = elements
    self.count = count
    var size = 0
    var index = 0
    repeat {
      do throws(GoogLeNetError) {
        let found = try StructArray.size(of: elements + index * size, known: known, type)
        guard index == 0 || found == size else {
          throw GoogLeNetError(
            .invalidArgument, "struct_size is \(found), but \(name)[0].struct_size is \(size): all must be the same")
        }
        size = found
      } catch {
        throw error.within("\(name)[\(index)].")
      }
      guard AddressSpace.holds(count, of: size, from: elements) else {
        throw GoogLeNetError(
          .invalidArgument,
          "there are \(UInt(bitPattern: count)) \(name): no memory reaches that far from where they begin")
      }
      index += 1
    } while index < count
    stride = size
  }

  func element<Element: BitwiseCopyable>(_ index: Int, as type: Element.Type) -> Element {
    (base + index * stride).loadUnaligned(as: type)
  }

  /// The size that a structure says it has.
  static func size(of structure: UnsafeRawPointer, known: Int, _ type: StaticString) throws(GoogLeNetError) -> Int {
    let size = structure.load(as: Int.self)
    guard known...sizeLimit ~= size, size % MemoryLayout<Int>.alignment == 0 else {
      throw GoogLeNetError(
        .invalidArgument,
        "struct_size is \(UInt(bitPattern: size)): set it to sizeof(\(type)), which is \(known) here")
    }
    for place in known..<size where structure.load(fromByteOffset: place, as: UInt8.self) != 0 {
      throw GoogLeNetError(
        .unsupported,
        "struct_size is \(size), and byte \(place) is set: a newer libgooglenet is needed, for this one knows \(known) "
          + "bytes of \(type)")
    }
    return size
  }
}
