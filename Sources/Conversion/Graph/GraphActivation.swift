import GoogLeNet

/// A value that depends on the image: a layer's output and how the nodes of a foreign graph see it.
struct GraphActivation {
  enum Axis {
    case batch
    case channel
    case height
    case width
    /// Channels, rows and columns as one, in this order.
    case flat
    /// Rows, columns and channels as one, in this order.
    case flatChannelsLast
  }

  /// The layer that makes it, or the network's input.
  let layer: String
  let shape: Shape
  var axes: [Axis]
  /// Zeros around the layer's output that belong to the value, for the next window to take over.
  var padding = Padding()
  /// Between the operators that round it to integers and back.
  var quantization: GraphQuantization?

  static let image: [Axis] = [.batch, .channel, .height, .width]
  static let channelsLast: [Axis] = [.batch, .height, .width, .channel]

  /// The axes of an input of four dimensions: the usual ones of its format, unless only others put 1 or 3 channels where
  /// they belong.
  static func axes(of dims: [Int?], usual: [Axis]) -> [Axis] {
    guard dims.count == 4 else { return usual }
    let other = usual == image ? channelsLast : image
    func fits(_ axes: [Axis]) -> Bool { [1, 3].contains(dims[axes == image ? 1 : 3] ?? 0) }
    return fits(other) && !fits(usual) ? other : usual
  }

  func size(_ axis: Axis) -> Int? {
    switch axis {
    case .batch: nil
    case .channel: shape.channels
    case .height: shape.height + padding.top + padding.bottom
    case .width: shape.width + padding.left + padding.right
    case .flat, .flatChannelsLast: shape.count
    }
  }

  /// Whether height and width are one pixel.
  var isPixel: Bool { shape.height * shape.width == 1 }

  /// Whether one row of numbers is left of each image, whose order is that of the channels.
  var isVector: Bool { axes == [.batch, .flat] || axes == [.batch, .channel] }

  /// Whether its values have the places of the other's: one pixel's channels have one order.
  func isAlong(_ other: GraphActivation) -> Bool {
    axes == other.axes || isPixel && isVector && other.isPixel && other.isVector
  }

  /// The axis that a number of the graph means, counted from the end where negative.
  func axis(_ index: Int) -> Axis? {
    let place = index < 0 ? index &+ axes.count : index
    return axes.indices.contains(place) ? axes[place] : nil
  }

  /// The channels: of a vector its entries.
  func isChannel(_ axis: Axis?) -> Bool {
    axis == .channel || (axis == .flat || axis == .flatChannelsLast) && isPixel
  }
}
