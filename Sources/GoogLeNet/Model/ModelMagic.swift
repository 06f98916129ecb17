/// The number with which model files begin, so that what is damaged is still told from other formats. Files of version 0.1.0 have
/// none.
public enum ModelMagic {
  /// Of googlenet.Model, and there the first field of a file.
  public static let field: UInt64 = 17
  /// "GLNMODEL" in the order of the bytes.
  public static let value: UInt64 = 0x4C45_444F_4D4E_4C47

  /// Whether a file begins with it.
  public static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // The tag of a field of 64 bits.
    bytes.count >= 10 && bytes[0] == 0x89 && bytes[1] == 0x01
      && UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self)) == value
  }
}
