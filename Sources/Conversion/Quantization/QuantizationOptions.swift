/// What the user decides about a quantization.
public struct QuantizationOptions: Sendable {
  /// The default kept most top-1 classes in trials within the calibration halves; `RangeMethod` has the figures.
  public var rangeMethod = RangeMethod.kullbackLeibler
  /// The share of the multiply-adds, 0 to 1, that may stay in float32: spent on the activations whose rounding changes the
  /// probabilities most, and on all the layers that read them. At 1 one activation is still rounded. BVLC's total variation (× 10⁻³)
  /// on 125 pictures after calibration with 125 others: 6.9 without, 5.9 with 0.1, 3.5 with 0.25, 2.1 with 0.5, 0.4 with 1.
  public var maxFloatShare = 0.0
  /// Every so many pictures one is not calibrated with, but tells how well it went; 0 for none.
  public var heldOutEvery = 10
  /// Places of each picture whose input windows each convolution is fitted to. On the pictures of `RangeMethod`'s table 120 instead
  /// of 40, with direct convolutions, brought BVLC's total variation from 8.7 to 8.1 × 10⁻³, and the same top-1 from 246 to 248.
  public var windowsPerPicture = 120
  /// Threads to use, 0 for the allowed CPUs. Has no influence on the result.
  public var threads = 0

  public init() {}

  /// Fewer pictures say too little about ranges.
  public static let leastPictures = 16
}
