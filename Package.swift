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
let core: [SwiftSetting] =
  warnings + (embedded ? [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo"])] : [])
  + instrumented

/// A kernel module: one instruction-set tier of Sources/Kernels, which it sees through a symbolic link.
/// Loops over accumulators must be unrolled completely (threshold), or they spill to memory.
func kernels(_ tier: String, _ machineFlags: [String], path: String? = nil) -> Target {
  .target(
    name: "Kernels\(tier)", dependencies: ["CKernels"], path: path,
    swiftSettings: core + [
      .unsafeFlags(
        [
          "-Ounchecked", "-wmo", "-num-threads", "1", "-enforce-exclusivity=unchecked", "-Xllvm",
          "-unroll-threshold=5000",
        ]
          + machineFlags.flatMap { ["-Xcc", $0] })
    ])
}

let avx2 = ["-mavx2", "-mfma"]
let avx512 = avx2 + ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"]

let libraryTargets: [Target] = [
  .systemLibrary(name: "CGoogLeNet", path: "include"),
  .target(name: "CKernels"),
  .target(name: "CPlatform", linkerSettings: [.linkedLibrary("m"), .linkedLibrary("pthread"), .linkedLibrary("dl")]),
  kernels("Portable", []),
  kernels("AVX2", avx2),
  kernels("AVXVNNI", avx2 + ["-mavxvnni"]),
  kernels("AVX512", avx512),
  kernels("AVX512VNNI", avx512 + ["-mavx512vnni"]),
  .target(
    name: "GoogLeNet",
    dependencies: [
      "CGoogLeNet", "CKernels", "CPlatform", "KernelsPortable", "KernelsAVX2", "KernelsAVXVNNI", "KernelsAVX512",
      "KernelsAVX512VNNI",
    ], swiftSettings: core + optimized),
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
    name: "CModelFormat", exclude: ["googlenet.proto", "generate.sh"], linkerSettings: [.linkedLibrary("protobuf-c")]),
  .target(
    name: "CForeignFormats", exclude: ["caffe.proto", "onnx.proto", "tensorflow.proto", "generate.sh"],
    linkerSettings: [.linkedLibrary("protobuf-c"), .linkedLibrary("zip")]),
  .target(name: "CHDF5Reader", linkerSettings: [.linkedLibrary("pthread"), .linkedLibrary("dl")]),
  .target(name: "CTemporaryFiles"),
  .target(name: "CImageFiles", linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png")]),
  .target(
    name: "Conversion",
    dependencies: ["GoogLeNet", "CModelFormat", "CForeignFormats", "CHDF5Reader", "CTemporaryFiles", "CPlatform"],
    swiftSettings: others),
  .target(name: "ImageFiles", dependencies: ["GoogLeNet", "CImageFiles"], swiftSettings: others),
  .executableTarget(
    name: "googlenet",
    dependencies: [
      "GoogLeNet", "Conversion", "ImageFiles", "CTemporaryFiles", "CPlatform",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ], swiftSettings: warnings),
  kernels(
    "AVXVNNIAsEVEX", avx2 + ["-mavx512f", "-mavx512vl", "-mavx512vnni"], path: "Tests/KernelsAVXVNNIAsEVEX"),
  .testTarget(
    name: "KernelTests",
    dependencies: [
      "CKernels", "CPlatform", "KernelsPortable", "KernelsAVX2", "KernelsAVXVNNI", "KernelsAVX512",
      "KernelsAVX512VNNI", "KernelsAVXVNNIAsEVEX",
    ],
    swiftSettings: warnings),
  .testTarget(
    name: "GoogLeNetTests", dependencies: ["GoogLeNet", "Conversion", "CGoogLeNet", "CModelFormat", "CPlatform"],
    swiftSettings: warnings),
  .testTarget(
    name: "ImageFilesTests", dependencies: ["GoogLeNet", "ImageFiles"], exclude: ["Fixtures"],
    swiftSettings: warnings),
  .testTarget(
    name: "ConversionTests", dependencies: ["GoogLeNet", "Conversion", "CForeignFormats", "CModelFormat"],
    swiftSettings: warnings),
]

let package = Package(
  name: "googlenet",
  products: embedded
    ? [.library(name: "GoogLeNet", type: .static, targets: ["GoogLeNet"])]
    : [
      .library(name: "GoogLeNet", targets: ["GoogLeNet"]),
      .executable(name: "googlenet", targets: ["googlenet"]),
    ],
  dependencies: embedded
    ? [] : [.package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")],
  targets: embedded ? libraryTargets : libraryTargets + toolTargets + (fuzzing ? fuzzTargets : []))

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
