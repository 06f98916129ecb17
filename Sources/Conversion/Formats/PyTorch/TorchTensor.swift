/// How PyTorch stores numbers.
enum TorchElementType: String {
  case float32 = "float32"
  case float16 = "float16"
  case bfloat16 = "bfloat16"
  case float64 = "float64"
  case int64 = "int64"
  case int32 = "int32"
  case int16 = "int16"
  case int8 = "int8"
  case uint8 = "uint8"
  case bool = "bool"

  var size: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .bfloat16, .int16: 2
    case .float32, .int32: 4
    case .float64, .int64: 8
    }
  }

  var isFloatingPoint: Bool {
    switch self {
    case .float32, .float16, .bfloat16, .float64: true
    case .int64, .int32, .int16, .int8, .uint8, .bool: false
    }
  }

  /// By the classes of storages in pickles: `torch.FloatStorage` …
  init?(storageClass: String) {
    switch storageClass {
    case "torch.FloatStorage": self = .float32
    case "torch.HalfStorage": self = .float16
    case "torch.BFloat16Storage": self = .bfloat16
    case "torch.DoubleStorage": self = .float64
    case "torch.LongStorage": self = .int64
    case "torch.IntStorage": self = .int32
    case "torch.ShortStorage": self = .int16
    case "torch.CharStorage": self = .int8
    case "torch.ByteStorage": self = .uint8
    case "torch.BoolStorage": self = .bool
    default: return nil
    }
  }

  /// The value at `index` of raw little-endian values. The type must be floating-point and `index` within them.
  func float(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Float {
    func bits<Value: FixedWidthInteger>(_ type: Value.Type) -> Value {
      Value(littleEndian: bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Value>.size, as: type))
    }
    switch self {
    case .float32: return Float(bitPattern: bits(UInt32.self))
    case .float16: return Float(binary16: bits(UInt16.self))
    case .bfloat16: return Float(bfloat16: bits(UInt16.self))
    case .float64: return Float(Double(bitPattern: bits(UInt64.self)))
    case .int64, .int32, .int16, .int8, .uint8, .bool: return .nan
    }
  }
}

/// The numbers behind tensors of a PyTorch archive: an entry of the zip file.
struct TorchStorage {
  let elementType: TorchElementType
  /// The entry's name within the archive's folder `data`.
  let key: String
  /// Numbers in it.
  let count: Int
}

/// A view of a storage.
struct TorchTensor {
  let storage: TorchStorage
  let offset: Int
  let dims: [Int]
  let strides: [Int]
}
