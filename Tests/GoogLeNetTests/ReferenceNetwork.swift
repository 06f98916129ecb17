import Foundation

@testable import GoogLeNet

/// A naive implementation of every layer, straight from the definitions in googlenet.proto and in double precision: the oracle
/// of the tests. Values are planes (CHW).
struct ReferenceNetwork {
  struct Value {
    let shape: Shape
    var values: [Double]
    /// About how far rounding may move what float32 computes: twice as much is rare, ten times as much a fault.
    var noise = 0.0

    subscript(channel: Int, row: Int, column: Int) -> Double {
      values[(channel * shape.height + row) * shape.width + column]
    }

    func contains(_ row: Int, _ column: Int) -> Bool {
      0..<shape.height ~= row && 0..<shape.width ~= column
    }

    /// The largest magnitude.
    var largest: Double { values.reduce(0) { max($0, abs($1)) } }
  }

  private(set) var outputs: [String: Value] = [:]

  /// One rounding of a float32 number of magnitude 1.
  static let rounding = 0x1p-24
  /// How many roundings of the largest possible sum a convolution's noise is; Winograd's transforms cost the most.
  private static let convolutionRoundings = 16.0

  /// Runs the network on one normalised input (CHW).
  init(_ model: Model, input: [Float], height: Int, width: Int) throws {
    let network = model.network
    let shapes = try model.shapes(height: height, width: width)
    var first = Value(
      shape: Shape(channels: network.preprocessing.channelOrder.channels, height: height, width: width),
      values: input.map(Double.init))
    first.noise = Self.rounding * first.largest
    outputs[network.inputName] = first
    for (index, layer) in network.layers.enumerated() {
      let inputs = layer.inputs.map { outputs[$0]! }
      outputs[layer.name] = Self.run(layer.operation, inputs, shapes[index])
    }
  }

  /// Runs one layer.
  /// - Parameter outside: what a convolution reads beyond its input's edges, one value a channel; nil for zeros.
  static func run(_ operation: GoogLeNet.Operation, _ inputs: [Value], _ shape: Shape, outside: [Double]? = nil)
    -> Value
  {
    let input = inputs[0]
    let passedOn = inputs.reduce(0) { max($0, $1.noise) }
    switch operation {
    case .convolution(let it): return convolution(it, input, shape, outside)
    case .pooling(let it): return pooling(it, input, shape)
    case .localResponseNormalization(let it):
      let alpha = it.alphaPerElement ? Double(it.alpha) : Double(it.alpha) / Double(it.size)
      var result = each(shape) { channel, row, column in
        var sum = 0.0
        for other in max(0, channel - it.size / 2)...min(shape.channels - 1, channel + it.size / 2) {
          sum += input[other, row, column] * input[other, row, column]
        }
        return input[channel, row, column] / pow(Double(it.k) + alpha * sum, Double(it.beta))
      }
      result.noise =
        passedOn * (1 + 4 * Double(it.beta)) / min(1, pow(Double(it.k), Double(it.beta)))
        + 16 * rounding * result.largest
      return result
    case .batchNormalization(let it):
      let mean = it.mean?.floats()
      let variance = it.variance?.floats()
      let scale = it.scale?.floats()
      let shift = it.shift?.floats()
      var (gain, added) = (0.0, 0.0)
      let factors = (0..<shape.channels).map { channel in
        var factor = Double(scale?[channel] ?? 1)
        if let variance { factor /= (Double(variance[channel]) + Double(it.epsilon)).squareRoot() }
        gain = max(gain, abs(factor))
        added = max(added, abs(Double(mean?[channel] ?? 0) * factor) + abs(Double(shift?[channel] ?? 0)))
        return factor
      }
      var result = each(shape) { channel, row, column in
        (input[channel, row, column] - Double(mean?[channel] ?? 0)) * factors[channel] + Double(shift?[channel] ?? 0)
      }
      result.noise = gain * passedOn + 4 * rounding * (gain * input.largest + added)
      return result
    case .relu: return Value(shape: shape, values: input.values.map { max($0, 0) }, noise: passedOn)
    case .dropout: return input
    case .sum:
      var result = Value(shape: shape, values: input.values)
      for other in inputs.dropFirst() {
        for place in result.values.indices { result.values[place] += other.values[place] }
      }
      result.noise = inputs.reduce(0) { $0 + $1.noise + Double(inputs.count) * rounding * $1.largest }
      return result
    case .sigmoid:
      return Value(
        shape: shape, values: input.values.map { 1 / (1 + exp(-$0)) }, noise: passedOn / 4 + 16 * rounding)
    case .prelu(let it):
      let slopes = it.slopes.floats()
      var result = each(shape) { channel, row, column in
        let value = input[channel, row, column]
        return value > 0 ? value : value * Double(slopes[slopes.count == 1 ? 0 : channel])
      }
      let gain = slopes.reduce(1) { max($0, abs(Double($1))) }
      result.noise = gain * passedOn + rounding * result.largest
      return result
    case .clippedReLU(let it):
      return Value(shape: shape, values: input.values.map { min(max($0, 0), Double(it.maximum)) }, noise: passedOn)
    case .concat: return Value(shape: shape, values: inputs.flatMap(\.values), noise: passedOn)
    case .innerProduct(let it):
      // Over the whole input as one pixel of many channels.
      let weights = Tensor(
        dims: it.weights.dims + [1, 1], elementType: it.weights.elementType, scales: it.weights.scales,
        inputScales: it.weights.inputScales, bytes: it.weights.bytes, owner: it.weights.owner)
      let flat = Value(
        shape: Shape(channels: input.values.count, height: 1, width: 1), values: input.values, noise: input.noise)
      return convolution(Convolution(weights: weights, bias: it.bias), flat, shape, nil)
    case .softmax:
      let largest = input.values.max()!
      let exponentials = input.values.map { exp($0 - largest) }
      let total = exponentials.reduce(0, +)
      return Value(
        shape: shape, values: exponentials.map { $0 / total },
        noise: min(1, passedOn + rounding * (16 + input.largest)))
    }
  }

  private static func each(_ shape: Shape, _ body: (Int, Int, Int) -> Double) -> Value {
    var values: [Double] = []
    values.reserveCapacity(shape.count)
    for channel in 0..<shape.channels {
      for row in 0..<shape.height {
        for column in 0..<shape.width { values.append(body(channel, row, column)) }
      }
    }
    return Value(shape: shape, values: values)
  }

  private static func convolution(_ it: Convolution, _ input: Value, _ shape: Shape, _ outside: [Double]?) -> Value {
    let weights = it.weights.floats()
    let bias = it.bias?.floats()
    let channels = input.shape.channels / it.groups
    let depth = channels * it.kernelHeight * it.kernelWidth
    let padding = padding(
      it.border, input.shape, kernel: [it.kernelHeight, it.kernelWidth], stride: [it.strideHeight, it.strideWidth],
      dilation: [it.dilationHeight, it.dilationWidth])
    let rowSteps = steps(shape.height, it.strideHeight, padding.top, it.kernelHeight, it.dilationHeight)
    let columnSteps = steps(shape.width, it.strideWidth, padding.left, it.kernelWidth, it.dilationWidth)
    // The loops are written for builds without optimization.
    return weights.withUnsafeBufferPointer { weights in
      input.values.withUnsafeBufferPointer { source in
        var (sums, gain) = (0.0, 0.0)
        for output in 0..<shape.channels {
          var (absolute, squares) = (0.0, 0.0)
          for weight in weights[output * depth..<(output + 1) * depth] {
            absolute += abs(Double(weight))
            squares += Double(weight) * Double(weight)
          }
          sums = max(sums, absolute)
          gain = max(gain, squares.squareRoot())
        }
        var result = each(shape) { output, row, column in
          let firstChannel = output / (shape.channels / it.groups) * channels
          var weight = output * depth
          var sum = Double(bias?[output] ?? 0)
          for channel in firstChannel..<firstChannel + channels {
            let beyond = outside?[channel] ?? 0
            for sourceRow in rowSteps[row] {
              let isInside = sourceRow >= 0 && sourceRow < input.shape.height
              let line = (channel * input.shape.height + sourceRow) * input.shape.width
              for sourceColumn in columnSteps[column] {
                if isInside, sourceColumn >= 0, sourceColumn < input.shape.width {
                  sum += source[line + sourceColumn] * Double(weights[weight])
                } else if outside != nil {
                  sum += beyond * Double(weights[weight])
                }
                weight += 1
              }
            }
          }
          return sum
        }
        let reach = max(input.largest, outside?.reduce(0) { max($0, abs($1)) } ?? 0)
        result.noise =
          gain * input.noise
          + convolutionRoundings * rounding
          * (sums * reach + Double(bias?.reduce(0) { max($0, abs($1)) } ?? 0))
        return result
      }
    }
  }

  /// Of a rule the least padding with which as many windows fit as there are strides in the input, the last of which may be cut off.
  private static func padding(_ border: Border, _ input: Shape, kernel: [Int], stride: [Int], dilation: [Int])
    -> Padding
  {
    if case .explicit(let padding) = border { return padding }
    let extraFirst = border == .same(extraFirst: true)
    var sides: [(before: Int, after: Int)] = []
    for (axis, size) in [input.height, input.width].enumerated() {
      let lastStart = (size - 1) / stride[axis] * stride[axis]
      var side = (before: 0, after: 0)
      while side.before + size + side.after <= lastStart + (kernel[axis] - 1) * dilation[axis] {
        // One behind, one before, and so on; or the other way round.
        if (side.before == side.after) == extraFirst { side.before += 1 } else { side.after += 1 }
      }
      sides.append(side)
    }
    return Padding(top: sides[0].before, left: sides[1].before, bottom: sides[0].after, right: sides[1].after)
  }

  /// For each output position along one side the positions that it reads.
  private static func steps(_ count: Int, _ stride: Int, _ padding: Int, _ kernel: Int, _ dilation: Int) -> [[Int]] {
    (0..<count).map { position in (0..<kernel).map { position * stride - padding + $0 * dilation } }
  }

  private static func pooling(_ it: Pooling, _ input: Value, _ shape: Shape) -> Value {
    let padding = padding(
      it.border, input.shape, kernel: [it.kernelHeight, it.kernelWidth], stride: [it.strideHeight, it.strideWidth],
      dilation: [1, 1])
    var result = each(shape) { channel, row, column in
      let top = it.global ? 0 : row * it.strideHeight - padding.top
      let left = it.global ? 0 : column * it.strideWidth - padding.left
      let bottom =
        it.global
        ? input.shape.height : min(top + it.kernelHeight, input.shape.height + padding.bottom)
      let right =
        it.global ? input.shape.width : min(left + it.kernelWidth, input.shape.width + padding.right)
      var (sum, largest, count) = (0.0, -Double.infinity, 0)
      for y in top..<bottom {
        for x in left..<right where input.contains(y, x) {
          let value = input[channel, y, x]
          sum += value
          largest = max(largest, value)
          count += 1
        }
      }
      guard it.method == .average else { return largest }
      return sum / Double(it.countIncludesPadding ? (bottom - top) * (right - left) : count)
    }
    // Averages sum up all values of a window one after another.
    let window = it.global ? input.shape.height * input.shape.width : it.kernelHeight * it.kernelWidth
    result.noise =
      input.noise + (16 + (it.method == .average ? Double(window) / 8 : 0)) * rounding * input.largest
    return result
  }
}
