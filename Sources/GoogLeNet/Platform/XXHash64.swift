/// The 64-bit xxHash of a stream of bytes: the checksum of model files.
/// Constants and steps: the xxHash specification (doc/xxhash_spec.md of the xxHash project), section XXH64.
public struct XXHash64 {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  private var lanes: (UInt64, UInt64, UInt64, UInt64)
  private let seed: UInt64
  private var total: UInt64 = 0
  /// Up to 31 bytes that do not fill a stripe of 32 yet.
  private var pending = InlineArray<32, UInt8>(repeating: 0)
  private var pendingCount = 0

  public init(seed: UInt64 = 0) {
    self.seed = seed
    lanes = (
      seed &+ XXHash64.prime1 &+ XXHash64.prime2, seed &+ XXHash64.prime2, seed, seed &- XXHash64.prime1
    )
  }

  @_optimize(speed)
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard var next = bytes.baseAddress else { return }
    var left = bytes.count
    total &+= UInt64(left)
    if pendingCount > 0 {
      while pendingCount < 32, left > 0 {
        pending[pendingCount] = next.load(as: UInt8.self)
        pendingCount += 1
        next += 1
        left -= 1
      }
      guard pendingCount == 32 else { return }
      let stripe = pending
      withUnsafeBytes(of: stripe) { consume($0.baseAddress!) }
      pendingCount = 0
    }
    while left >= 32 {
      consume(next)
      next += 32
      left -= 32
    }
    for index in 0..<left {
      pending[index] = next.load(fromByteOffset: index, as: UInt8.self)
    }
    pendingCount = left
  }

  public var digest: UInt64 {
    var hash: UInt64
    if total >= 32 {
      hash =
        XXHash64.rotate(lanes.0, 1) &+ XXHash64.rotate(lanes.1, 7) &+ XXHash64.rotate(lanes.2, 12)
        &+ XXHash64.rotate(lanes.3, 18)
      hash = XXHash64.merge(hash, lanes.0)
      hash = XXHash64.merge(hash, lanes.1)
      hash = XXHash64.merge(hash, lanes.2)
      hash = XXHash64.merge(hash, lanes.3)
    } else {
      hash = seed &+ XXHash64.prime5
    }
    hash &+= total
    var index = 0
    while pendingCount - index >= 8 {
      hash ^= XXHash64.round(0, pendingWord(at: index, bytes: 8))
      hash = XXHash64.rotate(hash, 27) &* XXHash64.prime1 &+ XXHash64.prime4
      index += 8
    }
    if pendingCount - index >= 4 {
      hash ^= pendingWord(at: index, bytes: 4) &* XXHash64.prime1
      hash = XXHash64.rotate(hash, 23) &* XXHash64.prime2 &+ XXHash64.prime3
      index += 4
    }
    while index < pendingCount {
      hash ^= UInt64(pending[index]) &* XXHash64.prime5
      hash = XXHash64.rotate(hash, 11) &* XXHash64.prime1
      index += 1
    }
    hash ^= hash >> 33
    hash = hash &* XXHash64.prime2
    hash ^= hash >> 29
    hash = hash &* XXHash64.prime3
    return hash ^ (hash >> 32)
  }

  private func pendingWord(at index: Int, bytes: Int) -> UInt64 {
    var word: UInt64 = 0
    for byte in 0..<bytes {
      word |= UInt64(pending[index + byte]) << UInt64(8 * byte)
    }
    return word
  }

  @inline(__always)
  private mutating func consume(_ stripe: UnsafeRawPointer) {
    lanes.0 = XXHash64.round(lanes.0, UInt64(littleEndian: stripe.loadUnaligned(as: UInt64.self)))
    lanes.1 = XXHash64.round(
      lanes.1, UInt64(littleEndian: stripe.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    lanes.2 = XXHash64.round(
      lanes.2, UInt64(littleEndian: stripe.loadUnaligned(fromByteOffset: 16, as: UInt64.self)))
    lanes.3 = XXHash64.round(
      lanes.3, UInt64(littleEndian: stripe.loadUnaligned(fromByteOffset: 24, as: UInt64.self)))
  }

  private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
    value &<< bits | value &>> (64 &- bits)
  }

  private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
    rotate(lane &+ input &* prime2, 31) &* prime1
  }

  private static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
    (hash ^ round(0, lane)) &* prime1 &+ prime4
  }
}
