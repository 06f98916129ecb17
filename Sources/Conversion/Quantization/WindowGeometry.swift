import GoogLeNet

/// Which values of its input a convolution, or an inner product, multiplies by its weights.
struct WindowGeometry: Hashable {
  /// The layer that is read; −1 is the network's input.
  let input: Int
  let channels: Range<Int>
  let kernelHeight: Int
  let kernelWidth: Int
  let strideHeight: Int
  let strideWidth: Int
  let dilationHeight: Int
  let dilationWidth: Int
  let top: Int
  let left: Int
  let outputHeight: Int
  let outputWidth: Int

  /// Values of a window.
  var size: Int { channels.count * kernelHeight * kernelWidth }

  /// One for each group of a convolution.
  /// - Parameters:
  ///   - shape: of the input.
  ///   - output: the shape of the output.
  static func all(_ operation: Operation, input: Int, shape: Shape, output: Shape) -> [WindowGeometry] {
    switch operation {
    case .convolution(let it):
      let channels = shape.channels / it.groups
      let padding = it.padding(around: shape)
      return (0..<it.groups).map { group in
        WindowGeometry(
          input: input, channels: group * channels..<(group + 1) * channels, kernelHeight: it.kernelHeight,
          kernelWidth: it.kernelWidth, strideHeight: it.strideHeight, strideWidth: it.strideWidth,
          dilationHeight: it.dilationHeight, dilationWidth: it.dilationWidth, top: padding.top,
          left: padding.left, outputHeight: output.height, outputWidth: output.width)
      }
    case .innerProduct:
      return [
        WindowGeometry(
          input: input, channels: 0..<shape.channels, kernelHeight: shape.height, kernelWidth: shape.width,
          strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1, top: 0, left: 0, outputHeight: 1,
          outputWidth: 1)
      ]
    default: return []
    }
  }

  /// Writes windows at places spread over a picture, the same ones each time: rows of `stride` values.
  /// - Parameters:
  ///   - planes: the input (CHW).
  ///   - padding: what lies around it, a value a channel.
  ///   - limit: how many windows at most.
  /// - Returns: how many were written.
  func copyWindows(
    _ planes: UnsafePointer<Float>, _ shape: Shape, padding: [Float], picture: Int, limit: Int, stride: Int,
    to output: UnsafeMutablePointer<Float>
  ) -> Int {
    let places = outputHeight * outputWidth
    let count = min(limit, places)
    var random = UInt64(picture) &* 0x9E37_79B9_7F4A_7C15
    for window in 0..<count {
      // One place at random from each of `count` equal parts of the picture.
      let first = places * window / count
      let end = places * (window + 1) / count
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let place = first + Int((random >> 33) % UInt64(end - first))
      let row = place / outputWidth * strideHeight - top
      let column = place % outputWidth * strideWidth - left
      copyWindow(planes, shape, padding, row: row, column: column, to: output + window * stride)
    }
    return count
  }

  private func copyWindow(
    _ planes: UnsafePointer<Float>, _ shape: Shape, _ padding: [Float], row: Int, column: Int,
    to output: UnsafeMutablePointer<Float>
  ) {
    var next = output
    for channel in channels {
      let plane = planes + channel * shape.height * shape.width
      for kernelRow in 0..<kernelHeight {
        let y = row + kernelRow * dilationHeight
        for kernelColumn in 0..<kernelWidth {
          let x = column + kernelColumn * dilationWidth
          let isInside = y >= 0 && y < shape.height && x >= 0 && x < shape.width
          next.pointee = isInside ? plane[y * shape.width + x] : padding[channel]
          next += 1
        }
      }
    }
  }
}
