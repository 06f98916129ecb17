/// Bytes that may be asked for anywhere: what lies outside of them is nil.
struct BoundedBytes {
  enum Order {
    case little
    case big
  }

  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// - Parameters: neither is negative.
  func part(_ position: Int, count: Int) -> UnsafeRawBufferPointer? {
    guard position <= bytes.count, count <= bytes.count - position else { return nil }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  func byte(_ position: Int) -> UInt8? { part(position, count: 1)?.first }

  func number16(_ position: Int, _ order: Order) -> UInt16? {
    part(position, count: 2).map {
      let value = $0.loadUnaligned(as: UInt16.self)
      return order == .big ? UInt16(bigEndian: value) : UInt16(littleEndian: value)
    }
  }

  func number32(_ position: Int, _ order: Order) -> UInt32? {
    part(position, count: 4).map {
      let value = $0.loadUnaligned(as: UInt32.self)
      return order == .big ? UInt32(bigEndian: value) : UInt32(littleEndian: value)
    }
  }
}
