import CKernels
import Testing
import CPlatform
import KernelsAVXVNNIAsEVEX

/// A tier of kernels.
enum KernelTier: String, CaseIterable, CustomTestStringConvertible {
  case portable, avx2, avx512
  /// Tiers that have integer convolutions and nothing else; the last is the AVX-VNNI tier's in another encoding.
  case avxVNNI, avx512VNNI, avxVNNIAsEVEX

  /// The tiers of all kernels that this CPU can run.
  static var available: [KernelTier] {
    [.portable, .avx2, .avx512].filter { $0.isAvailable }
  }

  /// The tiers of integer convolutions that this CPU can run.
  static var availableIntegerConvolutions: [KernelTier] {
    allCases.filter { $0.isAvailable }
  }

  private var isAvailable: Bool { gln_cpu_features() & features == features }

  private static let avx2Features = UInt32(GLN_CPU_AVX2 | GLN_CPU_FMA)
  private static let avx512Features =
    avx2Features | UInt32(GLN_CPU_AVX512F | GLN_CPU_AVX512BW | GLN_CPU_AVX512DQ | GLN_CPU_AVX512VL)

  private var features: UInt32 {
    switch self {
    case .portable: 0
    case .avx2: Self.avx2Features
    case .avx512: Self.avx512Features
    case .avxVNNI: Self.avx2Features | UInt32(GLN_CPU_AVX_VNNI)
    case .avx512VNNI, .avxVNNIAsEVEX: Self.avx512Features | UInt32(GLN_CPU_AVX512_VNNI)
    }
  }

  /// The tier's own table, without what the tiers below it have.
  var table: gln_kernel_table {
    var table = gln_kernel_table()
    switch self {
    case .portable: gln_kernels_portable(&table)
    case .avx2: gln_kernels_avx2(&table)
    case .avx512: gln_kernels_avx512(&table)
    case .avxVNNI: gln_kernels_avx_vnni(&table)
    case .avx512VNNI: gln_kernels_avx512_vnni(&table)
    case .avxVNNIAsEVEX: fillTableWithEVEXKernels(&table)
    }
    return table
  }

  var testDescription: String { rawValue }
}
