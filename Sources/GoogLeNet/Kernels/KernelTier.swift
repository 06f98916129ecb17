import CKernels

/// A tier of kernels that this library is built with.
struct KernelTier {
  let isa: ISA
  /// What a CPU must have to run it.
  let features: CPUFeatures
  /// Whether nearly every CPU of the architecture has these features.
  var isCommon = false
  /// Replaces the entries of a table that the tier has something better for.
  let fill: @convention(c) (UnsafeMutablePointer<gln_kernel_table>?) -> Void

  /// The tiers of this architecture, from the baseline on: of those that a CPU can run the last is the best.
  static var all: InlineArray<5, KernelTier> {
    [
      KernelTier(isa: .portable, features: CPUFeatures(), isCommon: true, fill: gln_kernels_portable),
      KernelTier(isa: .avx2, features: .avx2FMA, isCommon: true, fill: gln_kernels_avx2),
      KernelTier(isa: .avxVNNI, features: .avx2FMA.union(.avxVNNI), fill: gln_kernels_avx_vnni),
      KernelTier(isa: .avx512, features: .avx512, fill: gln_kernels_avx512),
      KernelTier(isa: .avx512VNNI, features: .avx512.union(.avx512VNNI), fill: gln_kernels_avx512_vnni),
    ]
  }

  /// A tier's place in the list, the last for `best`.
  ///
  /// - Throws: `invalidArgument` for a tier of another architecture.
  static func position<let count: Int>(
    of isa: ISA, in tiers: InlineArray<count, KernelTier> = KernelTier.all
  ) throws(GoogLeNetError) -> Int {
    if isa == .best { return count - 1 }
    for position in 0..<count where tiers[position].isa == isa { return position }
    throw GoogLeNetError(.invalidArgument, "the tier \(isa.name) is of another architecture: use \(names(tiers))")
  }

  /// The names as a sentence lists them: a, b or c.
  static func names<let count: Int>(_ tiers: InlineArray<count, KernelTier> = KernelTier.all) -> String {
    var text = ""
    for position in 0..<count {
      if position > 0 { text += position + 1 < count ? ", " : " or " }
      text += tiers[position].isa.name.description
    }
    return text
  }
}

extension ISA {
  /// The best of the tiers that nearly every CPU of this architecture can run: the most that a session may use whose float32 values
  /// shall be the same on all of them, since tiers add up in orders of their own.
  public static var common: ISA {
    let tiers = KernelTier.all
    var common = ISA.portable
    for position in 0..<tiers.count where tiers[position].isCommon { common = tiers[position].isa }
    return common
  }
}
