/// Which convolution algorithms may be chosen; the values are those of `gln_algorithm` in include/googlenet.h.
public enum Algorithm: Int32, Sendable {
  case auto = 0
  case direct = 1
}
