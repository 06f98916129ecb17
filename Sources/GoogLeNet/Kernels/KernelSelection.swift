import CKernels
import CPlatform

/// Which tier runs, and its kernels.
struct KernelSelection {
  let isa: ISA
  let table: gln_kernel_table

  /// The best tier of this machine.
  static var best: ISA { highest(atMost: .avx512VNNI) }

  /// - Parameter maxISA: the caller's cap; the environment variable GOOGLENET_MAX_ISA lowers it further.
  /// - Throws: `invalidArgument` where the variable names no tier.
  init(maxISA: ISA) throws(GoogLeNetError) {
    var cap = maxISA == .best ? ISA.avx512VNNI : maxISA
    if let value = gln_environment("GOOGLENET_MAX_ISA"), value.pointee != 0 {
      let name = CallerText.string(value, limit: 64) ?? CallerText.beginning(value, limit: 64)
      guard let tier = ISA.named(name) else {
        throw GoogLeNetError(
          .invalidArgument,
          "the environment variable GOOGLENET_MAX_ISA is '\(name)': use portable, avx2, avx-vnni, avx512 or avx512-vnni"
        )
      }
      if tier != .best { cap = min(cap, tier) }
    }
    isa = KernelSelection.highest(atMost: cap)
    table = KernelSelection.kernels(of: isa)
  }

  private static func has(_ feature: Int) -> Bool { Int(gln_cpu_features()) & feature != 0 }

  private static func highest(atMost cap: ISA) -> ISA {
    if cap >= .avx512VNNI, has(Int(GLN_CPU_AVX512_VNNI)) { return .avx512VNNI }
    if cap >= .avx512, has(Int(GLN_CPU_AVX512)) { return .avx512 }
    if cap >= .avxVNNI, has(Int(GLN_CPU_AVX_VNNI)) { return .avxVNNI }
    if cap >= .avx2, has(Int(GLN_CPU_AVX2_FMA)) { return .avx2 }
    return .portable
  }

  private static func kernels(of isa: ISA) -> gln_kernel_table {
    var table = gln_kernel_table()
    gln_kernels_portable(&table)
    if isa >= .avx2 { gln_kernels_avx2(&table) }
    if isa >= .avxVNNI, has(Int(GLN_CPU_AVX_VNNI)) { gln_kernels_avx_vnni(&table) }
    if isa >= .avx512 { gln_kernels_avx512(&table) }
    if isa >= .avx512VNNI { gln_kernels_avx512_vnni(&table) }
    return table
  }
}
