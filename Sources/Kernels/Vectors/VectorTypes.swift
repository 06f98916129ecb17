import CKernels

/// The tier's vectors: floats, their bits, and the 32-bit sums of as many lanes; bytes and 16-bit words, as many as a vector holds.
typealias Vec = gln_floats
typealias Bits = gln_bits
typealias Sums = gln_sums
typealias Bytes = gln_bytes
typealias Words = gln_words
