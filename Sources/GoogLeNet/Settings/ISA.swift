/// Instruction-set tiers of all architectures; the values are those of `gln_isa` in include/googlenet.h. `KernelTier.all` is the list of
/// those that this library is built with.
public enum ISA: Int32, CaseIterable, Sendable {
  case best = 0
  case portable = 1
  case avx2 = 2
  case avxVNNI = 3
  case avx512 = 4
  case avx512VNNI = 5

  /// The name that options, the environment and reports use.
  public var name: StaticString {
    switch self {
    case .best: "best"
    case .portable: "portable"
    case .avx2: "avx2"
    case .avxVNNI: "avx-vnni"
    case .avx512: "avx512"
    case .avx512VNNI: "avx512-vnni"
    }
  }

  /// The tier of that name, if there is one. By bytes: comparing as `String` would bring 30 KB of Unicode's tables into the library.
  public static func named(_ name: String) -> ISA? {
    for tier in allCases where ByteText(tier.name.description) == ByteText(name) { return tier }
    return nil
  }
}
