import CKernels
import Testing

/// The shape of a convolution to test.
struct ConvolutionCase: CustomTestStringConvertible {
  var inputChannels = 1
  var outputChannels = 1
  /// Output height and width.
  var height = 1
  var width = 1
  var kernel = (1, 1)
  var stride = (1, 1)
  var dilation = (1, 1)
  /// Channels of other tensors before and after, in input and output.
  var inputNeighbours = (0, 0)
  var outputNeighbours = (0, 0)
  /// Values between the rows.
  var inputGap = 0
  var outputGap = 0
  var bias = true
  var minimum: Float = 0

  var testDescription: String {
    "\(inputChannels) → \(outputChannels), \(height) × \(width), kernel \(kernel), stride \(stride), dilation \(dilation), "
      + "neighbours \(inputNeighbours) \(outputNeighbours), gaps \(inputGap) \(outputGap), bias \(bias), minimum \(minimum)"
  }

  /// Shapes of GoogLeNet's kinds, cut down, and the corners around the tiles' sizes.
  static let direct: [ConvolutionCase] = {
    var cases: [ConvolutionCase] = [
      // The stem: three channels, whose kernel rows are one run of memory.
      .init(inputChannels: 3, outputChannels: 64, height: 3, width: 29, kernel: (7, 7), stride: (2, 2)),
      .init(inputChannels: 3, outputChannels: 20, height: 2, width: 9, kernel: (7, 7), stride: (2, 2), inputGap: 5),
      .init(
        inputChannels: 3, outputChannels: 8, height: 2, width: 9, kernel: (7, 7), stride: (2, 2),
        inputNeighbours: (1, 0)),
      // Pointwise, with and without gaps.
      .init(inputChannels: 19, outputChannels: 48, height: 7, width: 7),
      .init(inputChannels: 19, outputChannels: 48, height: 7, width: 7, inputGap: 38),
      .init(inputChannels: 19, outputChannels: 48, height: 7, width: 7, outputGap: 3),
      .init(
        inputChannels: 16, outputChannels: 24, height: 5, width: 14, inputNeighbours: (5, 3), outputNeighbours: (7, 9)),
      .init(inputChannels: 5, outputChannels: 33, height: 4, width: 5, stride: (2, 3)),
      // 5 × 5 and 3 × 3 inside of modules.
      .init(inputChannels: 24, outputChannels: 64, height: 7, width: 7, kernel: (5, 5), outputNeighbours: (16, 16)),
      .init(inputChannels: 16, outputChannels: 40, height: 6, width: 14, kernel: (3, 3), outputNeighbours: (3, 5)),
      .init(inputChannels: 7, outputChannels: 17, height: 5, width: 7, kernel: (3, 3), inputNeighbours: (2, 2)),
      // Dilation, uneven kernels and strides.
      .init(inputChannels: 3, outputChannels: 9, height: 4, width: 6, kernel: (3, 3), dilation: (2, 2)),
      .init(
        inputChannels: 4, outputChannels: 31, height: 5, width: 4, kernel: (2, 5), stride: (3, 1), dilation: (1, 3)),
      .init(inputChannels: 3, outputChannels: 16, height: 4, width: 11, kernel: (1, 7), dilation: (3, 1)),
      .init(inputChannels: 3, outputChannels: 16, height: 11, width: 4, kernel: (7, 1), dilation: (2, 1)),
      // One output pixel: a matrix times a vector.
      .init(inputChannels: 300, outputChannels: 1000, minimum: -.infinity),
      .init(inputChannels: 64, outputChannels: 128, kernel: (7, 7)),
      .init(inputChannels: 9, outputChannels: 265, kernel: (3, 2), inputNeighbours: (1, 1), outputNeighbours: (2, 2)),
      .init(inputChannels: 5, outputChannels: 3, kernel: (6, 6), dilation: (2, 3)),
      // Neither bias nor lower bound; another lower bound.
      .init(
        inputChannels: 12, outputChannels: 30, height: 3, width: 9, kernel: (3, 3), bias: false, minimum: -.infinity),
      .init(inputChannels: 12, outputChannels: 30, height: 3, width: 9, kernel: (3, 3), minimum: 0.5),
    ]
    for width in 1...31 {
      cases.append(
        .init(
          inputChannels: 6, outputChannels: 37 + width % 3, height: 1 + width % 4, width: width,
          kernel: (1 + width % 2, 2),
          inputNeighbours: (width % 2, 0), outputNeighbours: (1, 2), outputGap: width % 5))
    }
    for channels in 1...67 {
      cases.append(
        .init(
          inputChannels: 1 + channels % 5, outputChannels: channels, height: 2, width: channels % 3 == 0 ? 7 : 15,
          outputNeighbours: (channels % 4, channels % 3)))
    }
    return cases
  }()

  /// 3 × 3, 5 × 5 and 7 × 7 of every remainder of height, width and channels.
  static let winograd: [ConvolutionCase] = {
    var cases: [ConvolutionCase] = [
      .init(inputChannels: 64, outputChannels: 48, height: 14, width: 14, kernel: (3, 3), outputNeighbours: (8, 24)),
      .init(inputChannels: 144, outputChannels: 16, height: 28, width: 28, kernel: (3, 3)),
      .init(
        inputChannels: 16, outputChannels: 16, height: 32, width: 9, kernel: (3, 3), bias: false, minimum: -.infinity),
      .init(inputChannels: 300, outputChannels: 17, height: 20, width: 20, kernel: (3, 3), inputGap: 9),
    ]
    for index in 0..<12 {
      cases.append(
        .init(
          inputChannels: 3 + index % 2, outputChannels: 16 + index * 7 % 50, height: 12 + index % 5,
          width: 12 + index % 7, kernel: (7, 7), stride: (2, 2), outputNeighbours: (index % 4, 1), inputGap: index % 6,
          outputGap: index % 3, bias: index % 4 != 0, minimum: index % 5 == 0 ? -0.5 : 0))
    }
    // Tiles of 2 × 2 for small images and large kernels, of 4 × 4 for large images.
    for (size, count, kernel) in [(7, 12, 3), (12, 24, 3), (21, 20, 3), (7, 12, 5), (20, 20, 5)] {
      for index in 0..<count {
        cases.append(
          .init(
            inputChannels: 16 + index % 17, outputChannels: 16 + index * 5 % 33, height: size + index % 4,
            width: size + index % 5, kernel: (kernel, kernel), inputNeighbours: (index % 3, index % 2),
            outputNeighbours: (index % 4, 1), inputGap: index % 6, outputGap: index % 3, bias: index % 4 != 0,
            minimum: index % 5 == 0 ? -0.5 : 0))
      }
    }
    return cases
  }()

  /// 3 × 3 with every remainder of height, width and channels, and with as many channels as stay exact.
  static let byteWinograd: [ConvolutionCase] = {
    var cases: [ConvolutionCase] = [
      .init(inputChannels: 32, outputChannels: 48, height: 12, width: 28, kernel: (3, 3), outputNeighbours: (8, 24)),
      .init(inputChannels: 96, outputChannels: 32, height: 8, width: 8, kernel: (3, 3), bias: false),
      .init(inputChannels: 228, outputChannels: 33, height: 5, width: 6, kernel: (3, 3), inputGap: 9),
    ]
    for index in 0..<20 {
      cases.append(
        .init(
          inputChannels: 1 + index * 7 % 41, outputChannels: 1 + index * 11 % 70, height: 1 + index * 5 % 13,
          width: 1 + index * 3 % 17, kernel: (3, 3), inputNeighbours: (index % 3, index % 2),
          outputNeighbours: (index % 4, 1), inputGap: index % 6, outputGap: index % 3, bias: index % 4 != 0,
          minimum: index % 5 == 0 ? -0.5 : 0))
    }
    return cases
  }()

  /// The same with as many channels as stay exact by weights of 16 bits.
  static let wordWinograd =
    byteWinograd.filter { $0.inputChannels <= 114 }
    + [.init(inputChannels: 114, outputChannels: 33, height: 5, width: 6, kernel: (3, 3), inputGap: 9)]

  /// Rows and columns that the convolution reads.
  var inputHeight: Int { (height - 1) * stride.0 + (kernel.0 - 1) * dilation.0 + 1 }
  var inputWidth: Int { (width - 1) * stride.1 + (kernel.1 - 1) * dilation.1 + 1 }

  /// An input for the algorithm, and arguments that have all but threads, output and weights.
  func prepare(_ algorithm: gln_f32_convolution_algorithm) -> (arguments: gln_f32_convolution, input: Activation) {
    var arguments = gln_f32_convolution()
    arguments.input_channels = Int32(inputChannels)
    arguments.output_channels = Int32(outputChannels)
    arguments.output_height = Int32(height)
    arguments.output_width = Int32(width)
    arguments.kernel_height = Int32(kernel.0)
    arguments.kernel_width = Int32(kernel.1)
    arguments.stride_height = Int32(stride.0)
    arguments.stride_width = Int32(stride.1)
    arguments.dilation_height = Int32(dilation.0)
    arguments.dilation_width = Int32(dilation.1)
    arguments.minimum = minimum
    arguments.input_pixel_stride = inputNeighbours.0 + inputChannels + inputNeighbours.1
    var extra: (rows: Int32, columns: Int32) = (-1, -1)
    algorithm.extra_input(&arguments, &extra.rows, &extra.columns)
    #expect(extra.rows >= 0 && extra.columns >= 0)
    let input = Activation(
      height: inputHeight + Int(extra.rows), width: inputWidth + Int(extra.columns), channels: inputChannels,
      channelsBefore: inputNeighbours.0, channelsAfter: inputNeighbours.1, rowGap: inputGap)
    arguments.input = UnsafePointer(input.pointer)
    arguments.input_row_stride = input.rowStride
    return (arguments, input)
  }

  /// The same for integers.
  func prepare(
    _ algorithm: gln_integer_convolution_algorithm, _ outputType: gln_integer_output
  ) -> (arguments: gln_integer_convolution, input: ExactActivation<UInt8>) {
    var arguments = gln_integer_convolution()
    arguments.input_channels = Int32(inputChannels)
    arguments.output_channels = Int32(outputChannels)
    arguments.output_height = Int32(height)
    arguments.output_width = Int32(width)
    arguments.kernel_height = Int32(kernel.0)
    arguments.kernel_width = Int32(kernel.1)
    arguments.stride_height = Int32(stride.0)
    arguments.stride_width = Int32(stride.1)
    arguments.dilation_height = Int32(dilation.0)
    arguments.dilation_width = Int32(dilation.1)
    arguments.output_type = outputType
    arguments.minimum = minimum
    var extra: (rows: Int32, columns: Int32) = (0, 0)
    algorithm.extra_input?(&arguments, &extra.rows, &extra.columns)
    let input = ExactActivation<UInt8>(
      height: inputHeight + Int(extra.rows), width: inputWidth + Int(extra.columns), channels: inputChannels,
      neighbours: inputNeighbours, rowGap: inputGap)
    arguments.input = UnsafePointer(input.pointer)
    arguments.input_row_stride = input.rowStride
    arguments.input_pixel_stride = input.pixelStride
    return (arguments, input)
  }

  func output() -> Activation {
    Activation(
      height: height, width: width, channels: outputChannels, channelsBefore: outputNeighbours.0,
      channelsAfter: outputNeighbours.1, rowGap: outputGap)
  }

  /// The convolution in plain loops and double precision.
  func reference(
    _ input: Activation, _ weights: GuardedBuffer<Float>, _ bias: GuardedBuffer<Float>?, relativeTolerance: Double
  ) -> Reference {
    var reference = Reference()
    for y in 0..<height {
      for x in 0..<width {
        for output in 0..<outputChannels {
          var sum = Double(bias?[output] ?? 0)
          var magnitude = abs(sum)
          let corner = input.pointer + y * stride.0 * input.rowStride + x * stride.1 * input.pixelStride
          for ky in 0..<kernel.0 {
            for kx in 0..<kernel.1 {
              let values = corner + ky * dilation.0 * input.rowStride + kx * dilation.1 * input.pixelStride
              var weight = weights.pointer + (output * inputChannels * kernel.0 + ky) * kernel.1 + kx
              var channel = 0
              while channel < inputChannels {
                let product = Double(values[channel]) * Double(weight.pointee)
                sum += product
                magnitude += abs(product)
                weight += kernel.0 * kernel.1
                channel += 1
              }
            }
          }
          reference.append(max(sum, Double(minimum)), tolerance: magnitude * relativeTolerance)
        }
      }
    }
    return reference
  }
}
