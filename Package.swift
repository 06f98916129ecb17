// swift-tools-version: 6.2
import PackageDescription

// GLN_EMBEDDED=1 builds the core as Embedded Swift, the form in which libgooglenet ships: no Swift runtime needed.
// Use another --scratch-path for it. Without it: regular Swift, for the tool, the tests and sanitizers.
let embedded = Context.environment["GLN_EMBEDDED"] != nil
// GLN_FUZZ=1 adds libFuzzer targets and instruments all code; see Tests/Fuzz/run.sh. Its own --scratch-path too.
let fuzzing = Context.environment["GLN_FUZZ"] != nil
let instrumented: [SwiftSetting] = fuzzing ? [.unsafeFlags(["-sanitize=fuzzer,address"])] : []
/// SwiftPM optimizes release builds only, which hide from the fuzz targets what is not public.
let optimized: [SwiftSetting] = fuzzing ? [.unsafeFlags(["-O"])] : []
let warnings: [SwiftSetting] = Context.environment["GLN_WERROR"] != nil ? [.treatAllWarnings(as: .error)] : []
/// GLN_SUITES="GoogLeNetTests …" leaves out the other test targets and the tool, for builds that run only these.
let suites = Context.environment["GLN_SUITES"]?.split(separator: " ").map(String.init)
let core: [SwiftSetting] =
  warnings + (embedded ? [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo"])] : [])
  + instrumented
/// Of the core little runs often: what does is marked `@_optimize(speed)`, which the copies with fewer parameters would lose that the
/// optimizer makes of functions. What nothing calls is left out by the linker.
let small: [SwiftSetting] =
  embedded
  ? [
    .unsafeFlags([
      "-Osize", "-Xfrontend", "-function-sections", "-Xllvm", "-sil-disable-pass=function-signature-opts",
    ])
  ] : []

/// A kernel module: Sources/Kernels, which it sees through a symbolic link, for vectors of so many bytes and the tier that a folder
/// describes. Loops over accumulators must be unrolled completely (threshold), or they spill to memory.
func kernels(_ tier: String, in folder: String, vectorBytes: Int, _ machineFlags: [String] = []) -> Target {
  .target(
    name: "Kernels\(tier)", dependencies: ["CKernels"], path: folder,
    swiftSettings: core + [
      .unsafeFlags(
        [
          "-Ounchecked", "-wmo", "-num-threads", "1", "-enforce-exclusivity=unchecked", "-Xllvm",
          "-unroll-threshold=5000",
        ]
          + (machineFlags + ["-DGLN_VECTOR_BYTES=\(vectorBytes)"]).flatMap { ["-Xcc", $0] })
    ])
}

let avx2 = ["-mavx2", "-mfma"]
let avx512 = avx2 + ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"]

/// In the order of the list of tiers, Sources/GoogLeNet/Kernels/KernelTier.swift.
let tiers = [
  kernels("Portable", in: "Sources/Tiers/portable", vectorBytes: 16),
  kernels("AVX2", in: "Sources/Tiers/x86-64/avx2", vectorBytes: 32, avx2),
  kernels("AVXVNNI", in: "Sources/Tiers/x86-64/avx-vnni", vectorBytes: 32, avx2 + ["-mavxvnni"]),
  kernels("AVX512", in: "Sources/Tiers/x86-64/avx512", vectorBytes: 64, avx512),
  kernels("AVX512VNNI", in: "Sources/Tiers/x86-64/avx512-vnni", vectorBytes: 64, avx512 + ["-mavx512vnni"]),
]
let tierModules = tiers.map { Target.Dependency(stringLiteral: $0.name) }

let libraryTargets: [Target] =
  tiers + [
    .systemLibrary(name: "CGoogLeNet", path: "include"),
    .target(name: "CKernels"),
    .target(name: "CPlatform", linkerSettings: [.linkedLibrary("m"), .linkedLibrary("pthread"), .linkedLibrary("dl")]),
    .target(
      name: "GoogLeNet", dependencies: ["CGoogLeNet", "CKernels", "CPlatform"] + tierModules,
      exclude: ["Model/googlenet.proto"],
      swiftSettings: core + small + optimized),
  ]

let others = warnings + instrumented + optimized

/// An executable of Tests/Fuzz, which reads what `name` says.
func fuzzer(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .executableTarget(
    name: "\(name)Fuzzer", dependencies: ["FuzzSupport", "GoogLeNet", "Conversion"] + dependencies,
    path: "Tests/Fuzz/\(name)", swiftSettings: others,
    linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])])
}
let fuzzTargets =
  [
    .target(
      name: "FuzzSupport", dependencies: ["GoogLeNet", "Conversion"], path: "Tests/Fuzz/Support",
      swiftSettings: others),
    fuzzer("Picture", ["ImageFiles"]), fuzzer("HDF5", ["CHDF5Reader"]),
    fuzzer("CABI", ["CGoogLeNet"]),
  ]
  + [
    "Model", "Network", "Caffe", "Prototxt", "ONNX", "Pickle", "Zip", "Safetensors", "Keras", "NumPy", "TensorFlow",
    "SavedModel", "TFLite", "CaffeMean",
  ].map { fuzzer($0) }

let toolTargets: [Target] = [
  .target(
    name: "CForeignFormats", exclude: ["caffe.proto", "onnx.proto", "tensorflow.proto", "generate.sh"],
    linkerSettings: [.linkedLibrary("protobuf-c"), .linkedLibrary("zip")]),
  .target(name: "CHDF5Reader", linkerSettings: [.linkedLibrary("pthread"), .linkedLibrary("dl")]),
  .target(name: "CTemporaryFiles"),
  .target(name: "CImageFiles", linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png")]),
  .target(
    name: "Conversion",
    dependencies: ["GoogLeNet", "CForeignFormats", "CHDF5Reader", "CTemporaryFiles", "CPlatform"],
    swiftSettings: others),
  .target(name: "ImageFiles", dependencies: ["GoogLeNet", "CImageFiles"], swiftSettings: others),
  .executableTarget(
    name: "googlenet",
    dependencies: [
      "GoogLeNet", "Conversion", "ImageFiles", "CTemporaryFiles", "CPlatform",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ], swiftSettings: warnings),
  kernels(
    "AVXVNNIAsEVEX", in: "Tests/KernelsAVXVNNIAsEVEX", vectorBytes: 32,
    avx2 + ["-mavx512f", "-mavx512vl", "-mavx512vnni"]),
  .testTarget(
    name: "KernelTests", dependencies: ["CKernels", "CPlatform", "KernelsAVXVNNIAsEVEX"] + tierModules,
    swiftSettings: warnings),
  .target(
    name: "CModelFormat", path: "Tests/CModelFormat", exclude: ["generate.sh"],
    linkerSettings: [.linkedLibrary("protobuf-c")]),
  .testTarget(
    name: "GoogLeNetTests", dependencies: ["GoogLeNet", "Conversion", "CGoogLeNet", "CModelFormat", "CPlatform"],
    swiftSettings: warnings),
  .testTarget(
    name: "ImageFilesTests", dependencies: ["GoogLeNet", "ImageFiles"], exclude: ["Fixtures"],
    swiftSettings: warnings),
  .testTarget(
    name: "ConversionTests", dependencies: ["GoogLeNet", "Conversion", "CForeignFormats"],
    swiftSettings: warnings),
]

let isWanted = { (target: Target) in
  switch target.type {
  case .test: suites?.contains(target.name) ?? true
  case .executable: suites == nil
  default: target.name != "KernelsAVXVNNIAsEVEX" || suites?.contains("KernelTests") ?? true
  }
}

let package = Package(
  name: "googlenet",
  products: embedded
    ? [.library(name: "GoogLeNet", type: .static, targets: ["GoogLeNet"])]
    : [.library(name: "GoogLeNet", targets: ["GoogLeNet"])]
      + (suites == nil ? [.executable(name: "googlenet", targets: ["googlenet"])] : []),
  dependencies: embedded
    ? [] : [.package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")],
  targets: embedded ? libraryTargets : libraryTargets + toolTargets.filter(isWanted) + (fuzzing ? fuzzTargets : []))

for target in package.targets
where [
  "CKernels", "CPlatform", "CModelFormat", "CForeignFormats", "CHDF5Reader", "CTemporaryFiles", "CImageFiles",
].contains(target.name) {
  var settings: [CSetting] = []
  if !warnings.isEmpty {
    settings += [
      .enableWarning("all"), .enableWarning("extra"), .enableWarning("pedantic"), .treatAllWarnings(as: .error),
    ]
  }
  if embedded && target.name == "CPlatform" { settings.append(.define("GLN_EMBEDDED")) }
  if fuzzing { settings.append(.unsafeFlags(["-fsanitize=fuzzer-no-link,address"])) }
  target.cSettings = settings
}
