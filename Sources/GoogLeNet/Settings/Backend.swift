/// What computes float32 convolutions; the values are those of `gln_backend` in include/googlenet.h.
public enum Backend: Int32, Sendable {
  case native = 0
  case openBLAS = 1
}
