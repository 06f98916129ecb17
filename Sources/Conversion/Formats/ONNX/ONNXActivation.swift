import GoogLeNet

/// A value that depends on the image: a layer's output and the axes under which ONNX sees it.
struct ONNXActivation {
  enum Axis {
    case batch
    case channel
    case height
    case width
    /// Channels, rows and columns as one.
    case flat
  }

  /// The layer that makes it, or the network's input.
  let layer: String
  let shape: Shape
  var axes: [Axis]
  /// Between QuantizeLinear and DequantizeLinear.
  var quantization: ONNXQuantization?

  static let image: [Axis] = [.batch, .channel, .height, .width]

  func size(_ axis: Axis) -> Int? {
    switch axis {
    case .batch: nil
    case .channel: shape.channels
    case .height: shape.height
    case .width: shape.width
    case .flat: shape.count
    }
  }

  /// Whether one row of numbers is left of each image, whose order is that of the channels.
  var isVector: Bool { axes == [.batch, .flat] || axes == [.batch, .channel] }

  /// The axis that a number of the graph means, counted from the end where negative.
  func axis(_ index: Int) -> Axis? {
    let place = index < 0 ? index + axes.count : index
    return axes.indices.contains(place) ? axes[place] : nil
  }

  /// The channels: of a vector its entries.
  func isChannel(_ axis: Axis?) -> Bool {
    axis == .channel || axis == .flat && shape.height * shape.width == 1
  }
}
