/// How the largest activation that 8 bits can express is chosen from what the calibration pictures gave.
///
/// Measured on pictures not calibrated with, pure int8 against float32: mean total variation (× 10⁻³) of the BVLC GoogLeNet on 250
/// pictures (two halves, each calibrated with the other) and of the bundled clothing network on 186, and the pictures of the 250
/// with the same top-1 class, all with 40 windows a picture. The first three of them lie closer together than the two halves do:
///
/// | method | BVLC | clothing | same top-1 |
/// |---|---|---|---|
/// | `meanSquaredError` | 8.6 | 4.0 | 246 |
/// | `kullbackLeibler` | 8.3 | 3.9 | 248 |
/// | `percentile(99.999)` | 8.1 | 4.2 | 247 |
/// | `minMax` | 9.2 | 5.4 | 246 |
/// | `percentile(99.99)` | 13.6 | 9.3 | 243 |
/// | `percentile(99.9)` | 44.5 | – | 236 |
///
/// With 120 windows a picture, each of four splits of the calibration halves judged by what the other part made, total variation
/// and how many top-1 classes are the same: `meanSquaredError` BVLC 8.2, 494 of 500, clothing 4.0, 366 of 372; `kullbackLeibler` 8.5,
/// 498, 3.6, 371. Four other splits of BVLC gave 8.4 and 8.0, 492 and 495.
public enum RangeMethod: Equatable, Sendable {
  /// The largest value seen.
  case minMax
  /// This percentage of the values above zero, above 0 to 100, fits.
  case percentile(Double)
  /// The range with the least mean squared difference between values and what is stored.
  case meanSquaredError
  /// The range whose distribution of stored values diverges least from that of the values (Kullback and Leibler).
  case kullbackLeibler
}
