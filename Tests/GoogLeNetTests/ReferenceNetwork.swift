import Foundation

@testable import GoogLeNet

/// A naive implementation of every layer, straight from the definitions in googlenet.proto and in double precision: the oracle
/// of the tests. Values are planes (CHW).
struct ReferenceNetwork {
  struct Value {
    let shape: Shape
    var values: [Double]

    subscript(channel: Int, row: Int, column: Int) -> Double {
      values[(channel * shape.height + row) * shape.width + column]
    }

    func contains(_ row: Int, _ column: Int) -> Bool {
      0..<shape.height ~= row && 0..<shape.width ~= column
    }
  }

  private(set) var outputs: [String: Value] = [:]

  /// Runs the network on one normalised input (CHW).
  init(_ model: Model, input: [Float], height: Int, width: Int) throws {
    let network = model.network
    let shapes = try model.shapes(height: height, width: width)
    outputs[network.inputName] = Value(
      shape: Shape(channels: network.preprocessing.channelOrder.channels, height: height, width: width),
      values: input.map(Double.init))
    for (index, layer) in network.layers.enumerated() {
      let inputs = layer.inputs.map { outputs[$0]! }
      outputs[layer.name] = Self.run(layer.operation, inputs, shapes[index])
    }
  }

  private static func run(_ operation: GoogLeNet.Operation, _ inputs: [Value], _ shape: Shape) -> Value {
    let input = inputs[0]
    switch operation {
    case .convolution(let it): return convolution(it, input, shape)
    case .pooling(let it): return pooling(it, input, shape)
    case .localResponseNormalization(let it):
      return each(shape) { channel, row, column in
        var sum = 0.0
        for other in max(0, channel - it.size / 2)...min(shape.channels - 1, channel + it.size / 2) {
          sum += input[other, row, column] * input[other, row, column]
        }
        let alpha = it.alphaPerElement ? Double(it.alpha) : Double(it.alpha) / Double(it.size)
        return input[channel, row, column] / pow(Double(it.k) + alpha * sum, Double(it.beta))
      }
    case .batchNormalization(let it):
      return each(shape) { channel, row, column in
        var value = input[channel, row, column]
        if let mean = it.mean, let variance = it.variance {
          value = (value - Double(mean.floats()[channel]))
          value /= (Double(variance.floats()[channel]) + Double(it.epsilon)).squareRoot()
        }
        return value * Double(it.scale?.floats()[channel] ?? 1) + Double(it.shift?.floats()[channel] ?? 0)
      }
    case .relu: return Value(shape: shape, values: input.values.map { max($0, 0) })
    case .dropout: return input
    case .concat: return Value(shape: shape, values: inputs.flatMap(\.values))
    case .innerProduct(let it):
      let weights = it.weights.floats()
      let bias = it.bias?.floats()
      return each(shape) { output, _, _ in
        var sum = Double(bias?[output] ?? 0)
        for index in input.values.indices {
          sum += input.values[index] * Double(weights[output * input.values.count + index])
        }
        return sum
      }
    case .softmax:
      let largest = input.values.max()!
      let exponentials = input.values.map { exp($0 - largest) }
      let total = exponentials.reduce(0, +)
      return Value(shape: shape, values: exponentials.map { $0 / total })
    }
  }

  private static func each(_ shape: Shape, _ body: (Int, Int, Int) -> Double) -> Value {
    var values: [Double] = []
    for channel in 0..<shape.channels {
      for row in 0..<shape.height {
        for column in 0..<shape.width { values.append(body(channel, row, column)) }
      }
    }
    return Value(shape: shape, values: values)
  }

  private static func convolution(_ it: Convolution, _ input: Value, _ shape: Shape) -> Value {
    let weights = it.weights.floats()
    let bias = it.bias?.floats()
    let channels = input.shape.channels / it.groups
    return each(shape) { output, row, column in
      var sum = Double(bias?[output] ?? 0)
      let firstChannel = output / (shape.channels / it.groups) * channels
      for channel in 0..<channels {
        for y in 0..<it.kernelHeight {
          for x in 0..<it.kernelWidth {
            let sourceRow = row * it.strideHeight - it.padding.top + y * it.dilationHeight
            let sourceColumn = column * it.strideWidth - it.padding.left + x * it.dilationWidth
            guard input.contains(sourceRow, sourceColumn) else { continue }
            sum +=
              input[firstChannel + channel, sourceRow, sourceColumn]
              * Double(weights[((output * channels + channel) * it.kernelHeight + y) * it.kernelWidth + x])
          }
        }
      }
      return sum
    }
  }

  private static func pooling(_ it: Pooling, _ input: Value, _ shape: Shape) -> Value {
    each(shape) { channel, row, column in
      let top = it.global ? 0 : row * it.strideHeight - it.padding.top
      let left = it.global ? 0 : column * it.strideWidth - it.padding.left
      let bottom =
        it.global
        ? input.shape.height : min(top + it.kernelHeight, input.shape.height + it.padding.bottom)
      let right =
        it.global ? input.shape.width : min(left + it.kernelWidth, input.shape.width + it.padding.right)
      var found: [Double] = []
      for y in top..<bottom {
        for x in left..<right where input.contains(y, x) { found.append(input[channel, y, x]) }
      }
      guard it.method == .average else { return found.max()! }
      return found.reduce(0, +) / Double(it.countIncludesPadding ? (bottom - top) * (right - left) : found.count)
    }
  }
}
