import GoogLeNet

/// The inputs of convolutions for one picture after another.
final class WindowSource {
  private let runner: PictureRunner
  /// The layers that `runner` looks at.
  private let layers: [Int]
  private let shapes: [Shape]
  private let preprocessing: Preprocessing
  private let pixelShape: Shape
  private var pixelPlanes: [Float]
  /// What convolutions of pixels are padded with, one value a channel.
  private let pixelPadding: [Float]

  /// - Parameter shapes: of the outputs of all layers.
  init(_ network: Network, layers: [Int], shapes: [Shape], threads: Int) throws(GoogLeNetError) {
    runner = try PictureRunner(network, layers: layers, threads: threads)
    self.layers = layers
    self.shapes = shapes
    preprocessing = network.preprocessing
    pixelShape = WindowSource.pixelShape(network)
    pixelPlanes = [Float](repeating: 0, count: pixelShape.count)
    let unit = preprocessing.scale[0]
    pixelPadding = preprocessing.mean.map { ($0.rounded(.toNearestOrEven) - $0) * unit }
  }

  static func pixelShape(_ network: Network) -> Shape {
    Shape(
      channels: network.preprocessing.channelOrder.channels, height: network.preprocessing.inputHeight,
      width: network.preprocessing.inputWidth)
  }

  func load(_ picture: CalibrationPicture) throws(GoogLeNetError) {
    try runner.run(picture)
    let channels = pixelShape.channels
    let area = pixelShape.height * pixelShape.width
    let unit = preprocessing.scale[0]
    for channel in 0..<channels {
      let source = preprocessing.channelOrder == .bgr ? channels - 1 - channel : channel
      let mean = preprocessing.mean[channel]
      for pixel in 0..<area {
        pixelPlanes[channel * area + pixel] = (Float(picture.pixels[pixel * channels + source]) - mean) * unit
      }
    }
  }

  /// Writes windows of the loaded picture; see `WindowGeometry.copyWindows`. Those of pixels have the unit of the first channel.
  func copyWindows(
    _ geometry: WindowGeometry, picture: Int, limit: Int, stride: Int, to output: UnsafeMutablePointer<Float>
  ) -> Int {
    guard geometry.input >= 0 else {
      return pixelPlanes.withUnsafeBufferPointer { planes in
        guard let start = planes.baseAddress else { return 0 }
        return geometry.copyWindows(
          start, pixelShape, padding: pixelPadding, picture: picture, limit: limit, stride: stride, to: output)
      }
    }
    guard let place = layers.firstIndex(of: geometry.input), let start = runner.output(place).baseAddress else {
      return 0
    }
    let shape = shapes[geometry.input]
    let zeros = [Float](repeating: 0, count: shape.channels)
    return geometry.copyWindows(
      start, shape, padding: zeros, picture: picture, limit: limit, stride: stride, to: output)
  }
}
