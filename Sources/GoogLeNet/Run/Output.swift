/// Which values of the classifier; the values are those of `gln_output` in include/googlenet.h.
public enum Output: Int32, Sendable {
  case probabilities = 0
  case logits = 1
}
