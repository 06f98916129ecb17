/// The same random bytes every time (SplitMix64, Steele et al. 2014).
struct RandomPixels {
  private var state: UInt64 = 0

  mutating func pixels(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in next() }
  }

  private mutating func next() -> UInt8 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return UInt8(truncatingIfNeeded: mixed >> 56)
  }
}
