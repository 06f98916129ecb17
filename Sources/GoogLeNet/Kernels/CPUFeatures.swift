import CPlatform

/// What a CPU has, and its operating system saves. What a tier of kernels needs is such a set, too.
struct CPUFeatures: OptionSet {
  let rawValue: UInt32

  static var avx2: CPUFeatures { CPUFeatures(rawValue: UInt32(GLN_CPU_AVX2)) }
  static var fma: CPUFeatures { CPUFeatures(rawValue: UInt32(GLN_CPU_FMA)) }
  static var avxVNNI: CPUFeatures { CPUFeatures(rawValue: UInt32(GLN_CPU_AVX_VNNI)) }
  static var avx512F: CPUFeatures { CPUFeatures(rawValue: UInt32(GLN_CPU_AVX512F)) }
  static var avx512BW: CPUFeatures { CPUFeatures(rawValue: UInt32(GLN_CPU_AVX512BW)) }
  static var avx512DQ: CPUFeatures { CPUFeatures(rawValue: UInt32(GLN_CPU_AVX512DQ)) }
  static var avx512VL: CPUFeatures { CPUFeatures(rawValue: UInt32(GLN_CPU_AVX512VL)) }
  static var avx512VNNI: CPUFeatures { CPUFeatures(rawValue: UInt32(GLN_CPU_AVX512_VNNI)) }

  // Not literals, which may be arrays: nothing here may need memory.
  static var avx2FMA: CPUFeatures { avx2.union(fma) }
  static var avx512: CPUFeatures { avx2FMA.union(avx512F).union(avx512BW).union(avx512DQ).union(avx512VL) }

  static var ofThisCPU: CPUFeatures { CPUFeatures(rawValue: gln_cpu_features()) }
}
