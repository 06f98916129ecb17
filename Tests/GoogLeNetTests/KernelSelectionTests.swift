import CKernels
import Testing

@testable import GoogLeNet

@Suite struct KernelSelectionTests {
  /// The list of tiers, whose filling leaves a mark instead of kernels.
  private static let tiers: InlineArray<5, KernelTier> = {
    let all = KernelTier.all
    return [
      KernelTier(isa: all[0].isa, features: all[0].features) { $0!.pointee.vector_bytes += 1 },
      KernelTier(isa: all[1].isa, features: all[1].features) { $0!.pointee.vector_bytes += 10 },
      KernelTier(isa: all[2].isa, features: all[2].features) { $0!.pointee.vector_bytes += 100 },
      KernelTier(isa: all[3].isa, features: all[3].features) { $0!.pointee.vector_bytes += 1000 },
      KernelTier(isa: all[4].isa, features: all[4].features) { $0!.pointee.vector_bytes += 10000 },
    ]
  }()

  private static let avxVNNI = CPUFeatures.avx2FMA.union(.avxVNNI)
  private static let avx512VNNI = CPUFeatures.avx512.union(.avx512VNNI)

  /// What a CPU has, the most that may be used, the tier that runs, and which tiers' kernels it has (units: portable, tens: AVX2 …).
  private static let cases: [(CPUFeatures, ISA, ISA, Int32)] = [
    (CPUFeatures(), .best, .portable, 1),
    (.avx2, .best, .portable, 1),
    (.fma, .avx2, .portable, 1),
    (.avx2FMA, .best, .avx2, 11),
    (.avx2FMA, .portable, .portable, 1),
    (avxVNNI, .best, .avxVNNI, 111),
    (avxVNNI, .avx2, .avx2, 11),
    (avxVNNI, .avx512VNNI, .avxVNNI, 111),
    (.avx512, .best, .avx512, 1011),
    (.avx512, .avxVNNI, .avx2, 11),
    (avx512VNNI, .best, .avx512VNNI, 11011),
    (avx512VNNI, .avx512, .avx512, 1011),
    (avx512VNNI.union(.avxVNNI), .best, .avx512VNNI, 11111),
    (avx512VNNI.union(.avxVNNI), .avx512, .avx512, 1111),
    (avx512VNNI.subtracting(.avx512BW), .best, .avx2, 11),
    (avx512VNNI.subtracting(.fma), .best, .portable, 1),
  ]

  @Test(arguments: cases)
  func tiersOfACPU(_ features: CPUFeatures, _ max: ISA, _ isa: ISA, _ filled: Int32) throws {
    let selection = KernelSelection(Self.tiers, last: try KernelTier.position(of: max), features)
    #expect(selection.isa == isa)
    #expect(selection.table.vector_bytes == filled)
  }

  @Test func positionsAreThoseOfTheArchitecturesOwnList() throws {
    for isa in ISA.allCases where isa != .best {
      #expect(try KernelTier.position(of: isa) == Int(isa.rawValue) - 1)
    }
    #expect(try KernelTier.position(of: .best) == 4)
    let all = KernelTier.all
    let others: InlineArray<2, KernelTier> = [all[0], all[3]]
    #expect(try KernelTier.position(of: .portable, in: others) == 0)
    #expect(try KernelTier.position(of: .avx512, in: others) == 1)
    #expect(try KernelTier.position(of: .best, in: others) == 1)
  }

  /// Quantized files depend on it.
  @Test func theCommonTierStaysWhatItIs() {
    #expect(ISA.common == .avx2)
  }

  @Test func tiersOfOtherArchitecturesAreRefused() {
    let all = KernelTier.all
    let others: InlineArray<3, KernelTier> = [all[0], all[1], all[3]]
    #expect {
      try KernelTier.position(of: .avx512VNNI, in: others)
    } throws: { error in
      guard let error = error as? GoogLeNetError else { return false }
      return error.status == .invalidArgument
        && error.message == "the tier avx512-vnni is of another architecture: use portable, avx2 or avx512"
    }
    #expect(KernelTier.names() == "portable, avx2, avx-vnni, avx512 or avx512-vnni")
  }
}
