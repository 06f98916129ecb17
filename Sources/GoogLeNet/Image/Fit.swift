/// How a part of a picture becomes the network's input; the values are those of `gln_fit` in include/googlenet.h.
public enum Fit: Int32, CaseIterable, Sendable {
  /// Resized and cut by the model's rule, as if it were all of the picture.
  case model = 0
  /// Stretched.
  case warp = 1
  /// Its aspect kept, the longer side as long as the input's; what lies around it fills the rest.
  case aspect = 2
}
