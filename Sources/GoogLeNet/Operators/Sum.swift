import CKernels

/// The sum of inputs of the same shape, value by value.
struct Sum: Operator {
  static let kind: StaticString = "Sum"
  static let fieldNumber: UInt64 = 25
  static let inputCounts = 2...Int.max

  init() {}

  init(_ it: Sum?, in message: inout some OperatorMessage) throws(GoogLeNetError) {}

  var traits: OperatorTraits {
    var traits = OperatorTraits(sign: .asInputs)
    traits.formatMajor = 3
    return traits
  }

  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape {
    for input in inputs where input != inputs[0] {
      throw check.fault("it adds \(check.text(inputs[0])) and \(check.text(input)): both must be of one shape")
    }
    return inputs[0]
  }

  func work(input: Shape, inputCount: Int, output: Shape) -> OperatorWork {
    OperatorWork(multiplyAdds: 0, steps: UInt64(output.count).multiplied(by: UInt64(inputCount)))
  }

  func form(inputs: [Shape]) -> GraphForm { .node(.kernel(Kernel())) }
}

extension Sum {
  final class Kernel: NodeKernel {
    private let minimum: Float

    init(minimum: Float = -.infinity) {
      self.minimum = minimum
    }

    var name: StaticString { "element by element" }
    var mayRunInPlace: Bool { true }

    func raised(to minimum: Float) -> (any NodeKernel)? { Kernel(minimum: max(self.minimum, minimum)) }

    func task(_ writer: TaskWriter, _ inputs: [Location], _ output: Location) throws(GoogLeNetError) -> StageTask {
      let summands = writer.storage.store(
        inputs.map { gln_f32_summand(values: $0.floats, row_stride: $0.rowStride, pixel_stride: $0.pixelStride) })
      let arguments = writer.storage.store(
        gln_f32_sum(
          summands: summands.baseAddress, output: output.floats, output_row_stride: output.rowStride,
          output_pixel_stride: output.pixelStride, summand_count: Int32(inputs.count),
          height: Int32(output.shape.height), width: Int32(output.shape.width),
          channels: Int32(output.shape.channels), minimum: minimum, threads: writer.threads))
      return try writer.task(writer.table.f32_sum, arguments, units: writer.table.f32_sum_units?(arguments))
    }
  }
}
