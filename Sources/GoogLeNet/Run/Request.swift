/// What a call is asked for each image, and where the answers go: a row for each, one after another.
public struct Request {
  public enum Output {
    case probabilities
    case logits
    /// The classifier's input.
    case features
    /// The output of the layer with this index, as float32 planes (CHW).
    case layer(Int)
    /// The likeliest classes, most probable first, ties by class index: at most so many, 1 or more. They are handed to who calls.
    case top(Int)
  }

  public let output: Output
  /// For rows of values; not used for classes.
  public let values: UnsafeMutablePointer<Float>?
  /// How many values, or classes, there is room for.
  public let capacity: Int
  /// Receives the length of a row.
  public let rowLength: UnsafeMutablePointer<Int>?

  public init(
    _ output: Output, values: UnsafeMutablePointer<Float>?, capacity: Int,
    rowLength: UnsafeMutablePointer<Int>? = nil
  ) {
    self.output = output
    self.values = values
    self.capacity = capacity
    self.rowLength = rowLength
  }
}
