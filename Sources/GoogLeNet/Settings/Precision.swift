/// What convolutions compute in; the values are those of `gln_precision` in include/googlenet.h.
public enum Precision: Int32, Sendable {
  case auto = 0
  case float32 = 1
  case int8 = 2
}
