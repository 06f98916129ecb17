import CKernels

/// Local response normalization across channels; see googlenet.proto for the formula.
public struct LocalResponseNormalization: Sendable {
  /// Channels in the window; odd.
  public var size: Int
  public var alpha: Float
  public var beta: Float
  public var k: Float
  public var alphaPerElement: Bool

  public init(size: Int, alpha: Float, beta: Float, k: Float, alphaPerElement: Bool) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.k = k
    self.alphaPerElement = alphaPerElement
  }

  /// The factor of one square.
  var alphaOfElement: Float { alphaPerElement ? alpha : alpha / Float(size) }
}

extension LocalResponseNormalization: Operator {
  static let kind: StaticString = "LocalResponseNormalization"
  static let fieldNumber: UInt64 = 18

  init(_ it: LocalResponseNormalization?, in message: inout some OperatorMessage) throws(GoogLeNetError) {
    size = try message.number(1, "size", it?.size)
    alpha = try message.float(2, it?.alpha)
    beta = try message.float(3, it?.beta)
    k = try message.float(4, it?.k)
    alphaPerElement = try message.flag(5, it?.alphaPerElement)
  }

  var traits: OperatorTraits {
    var traits = OperatorTraits(sign: .asInputs)
    traits.readsWide = beta == ActivationEncoding.normalizationBeta
    traits.usesScaleRatio = true
    return traits
  }

  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape {
    guard size % 2 == 1, size <= Int(GLN_LARGEST_NORMALIZATION_SIZE) else {
      throw check.fault("its size is \(size): an odd number up to \(GLN_LARGEST_NORMALIZATION_SIZE) is needed")
    }
    guard alpha.isFinite, alpha >= 0, beta.isFinite, beta >= 0, k.isNormal, k > 0 else {
      throw check.fault("alpha and beta must be at least 0 and finite, and k a normal number above 0")
    }
    return inputs[0]
  }

  func work(input: Shape, inputCount: Int, output: Shape) -> OperatorWork {
    OperatorWork(multiplyAdds: 0, steps: UInt64(output.count).multiplied(by: UInt64(size)))
  }

  func form(inputs: [Shape]) -> GraphForm { .node(.kernel(Kernel(self))) }
}

extension LocalResponseNormalization {
  final class Kernel: NodeKernel {
    private let it: LocalResponseNormalization

    init(_ it: LocalResponseNormalization) {
      self.it = it
    }

    var name: StaticString { "across channels" }
    var mayRunInPlace: Bool { true }

    func integerForm(_ inputs: [ActivationEncoding], _ output: ActivationEncoding) -> (any NodeKernel)? {
      guard case .u16 = inputs[0], case .u8 = output, it.traits.readsWide else { return nil }
      return self
    }

    func task(_ writer: TaskWriter, _ inputs: [Location], _ output: Location) throws(GoogLeNetError) -> StageTask {
      let table = writer.table
      guard case .u16(let inputScale) = inputs[0].encoding, case .u8(let outputScale) = output.encoding else {
        let arguments = writer.storage.store(arguments(inputs[0], output, threads: writer.threads))
        return try writer.task(table.f32_normalization, arguments, units: table.f32_normalization_units?(arguments))
      }
      let arguments = writer.storage.store(
        integerArguments(inputs[0], inputScale, output, outputScale, threads: writer.threads))
      guard arguments.pointee.isInRange else {
        throw GoogLeNetError(
          .unsupported,
          "\(writer.source): a normalization's k of \(it.k), alpha of \(it.alpha) and scales of \(inputScale) and "
            + "\(outputScale) are too small or too large for 8 bits: run the model in float32")
      }
      return try writer.task(table.u16_normalization, arguments, units: table.u16_normalization_units?(arguments))
    }

    private func arguments(_ input: Location, _ output: Location, threads: Int32) -> gln_f32_normalization {
      gln_f32_normalization(
        input: input.floats, output: output.floats, input_row_stride: input.rowStride,
        input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
        output_pixel_stride: output.pixelStride, height: Int32(input.shape.height), width: Int32(input.shape.width),
        channels: Int32(input.shape.channels), size: Int32(it.size), alpha: it.alphaOfElement, beta: it.beta, k: it.k,
        threads: threads)
    }

    private func integerArguments(
      _ input: Location, _ inputScale: Float, _ output: Location, _ outputScale: Float, threads: Int32
    ) -> gln_u16_normalization {
      gln_u16_normalization(
        input: input.words, output: output.bytes, input_row_stride: input.rowStride,
        input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
        output_pixel_stride: output.pixelStride, height: Int32(input.shape.height), width: Int32(input.shape.width),
        channels: Int32(input.shape.channels), size: Int32(it.size), input_scale: inputScale, alpha: it.alphaOfElement,
        k: it.k, output_multiplier: 1 / outputScale, threads: threads)
    }
  }
}
