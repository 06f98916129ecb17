extension NumberFormat {
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
}
