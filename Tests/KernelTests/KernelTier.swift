import CKernels
import Testing
import CPlatform
import KernelsAVX2
import KernelsAVX512
import KernelsPortable

/// A tier of kernels.
enum KernelTier: String, CaseIterable, CustomTestStringConvertible {
  case portable, avx2, avx512

  /// The tiers that this CPU can run.
  static var available: [KernelTier] {
    let features = gln_cpu_features()
    return allCases.filter { features & $0.features == $0.features }
  }

  private var features: UInt32 {
    switch self {
    case .portable: 0
    case .avx2: UInt32(GLN_CPU_AVX2_FMA)
    case .avx512: UInt32(GLN_CPU_AVX2_FMA) | UInt32(GLN_CPU_AVX512)
    }
  }

  /// The tier's own table, without what the tiers below it have.
  var table: gln_kernel_table {
    var table = gln_kernel_table()
    switch self {
    case .portable: gln_kernels_portable(&table)
    case .avx2: gln_kernels_avx2(&table)
    case .avx512: gln_kernels_avx512(&table)
    }
    return table
  }

  var testDescription: String { rawValue }
}
