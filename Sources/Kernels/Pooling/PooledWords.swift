import CKernels

/// Unsigned 16-bit numbers.
enum PooledWords: PooledValues {
  @inline(__always) static func larger(_ a: Words, _ b: Words) -> Words { gln_larger_words(a, b) }
}
