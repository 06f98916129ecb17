import CKernels
import CPlatform

/// Which tier runs, and its kernels.
struct KernelSelection {
  let isa: ISA
  let table: gln_kernel_table

  /// The best tier of this machine.
  static var best: ISA {
    let tiers = KernelTier.all
    return KernelSelection(tiers, last: tiers.count - 1, .ofThisCPU).isa
  }

  /// - Parameter maxISA: the caller's cap; the environment variable GOOGLENET_MAX_ISA lowers it further.
  /// - Throws: `invalidArgument` where one of them is of another architecture, or the variable names no tier.
  init(maxISA: ISA) throws(GoogLeNetError) {
    var last = try KernelTier.position(of: maxISA)
    if let value = gln_environment("GOOGLENET_MAX_ISA"), value.pointee != 0 {
      let name = CallerText.string(value, limit: 64) ?? CallerText.beginning(value, limit: 64)
      guard let tier = ISA.named(name), let position = try? KernelTier.position(of: tier) else {
        throw GoogLeNetError(
          .invalidArgument, "the environment variable GOOGLENET_MAX_ISA is '\(name)': use \(KernelTier.names())")
      }
      last = min(last, position)
    }
    self.init(KernelTier.all, last: last, .ofThisCPU)
  }

  /// The best of the tiers up to `last` that a CPU with these features can run, with what it has from those before it.
  init<let count: Int>(_ tiers: InlineArray<count, KernelTier>, last: Int, _ features: CPUFeatures) {
    var table = gln_kernel_table()
    var isa = ISA.portable
    for position in 0...last where tiers[position].features.isSubset(of: features) {
      tiers[position].fill(&table)
      isa = tiers[position].isa
    }
    self.isa = isa
    self.table = table
  }
}
