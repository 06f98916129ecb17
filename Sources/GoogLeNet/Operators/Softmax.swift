import CKernels

/// exp(x − max) / sum over the channels.
struct Softmax: Operator {
  static let kind: StaticString = "Softmax"
  static let fieldNumber: UInt64 = 24

  init() {}

  init(_ it: Softmax?, in message: inout some OperatorMessage) throws(GoogLeNetError) {}

  var traits: OperatorTraits {
    var traits = OperatorTraits(sign: .nonNegative)
    traits.staysFloat = true
    return traits
  }

  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape {
    guard inputs[0].height == 1, inputs[0].width == 1 else {
      throw check.fault("a Softmax over \(check.text(inputs[0])): it must be reduced to 1 x 1 pixel before")
    }
    return inputs[0]
  }

  func form(inputs: [Shape]) -> GraphForm { .node(.kernel(Kernel())) }
}

extension Softmax {
  final class Kernel: NodeKernel {
    let name: StaticString = "softmax"

    func task(_ writer: TaskWriter, _ inputs: [Location], _ output: Location) throws(GoogLeNetError) -> StageTask {
      let arguments = writer.storage.store(
        gln_f32_softmax(input: inputs[0].floats, output: output.floats, count: Int32(output.shape.channels)))
      return try writer.task(writer.table.f32_softmax, arguments, units: 1)
    }
  }
}
