/// How the largest activation that 8 bits can express is chosen from what the calibration pictures gave.
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
