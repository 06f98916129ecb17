import CKernels

/// The maximum or average over windows; see googlenet.proto for the meaning of each value.
public struct Pooling: Sendable {
  public enum Method: UInt32, Sendable {
    case max = 0
    case average = 1
  }

  public enum Rounding: UInt32, Sendable {
    case floor = 0
    case ceil = 1
  }

  public var method: Method
  public var global = false
  public var kernelHeight = 1
  public var kernelWidth = 1
  public var strideHeight = 1
  public var strideWidth = 1
  public var border = Border.valid
  public var rounding = Rounding.floor
  public var countIncludesPadding = false

  public init(_ method: Method) {
    self.method = method
  }

  /// The padding around an input, of windows that are not the whole of it.
  public func padding(around input: Shape) -> Padding {
    border.padding(around: input, extent: (kernelHeight, kernelWidth), stride: (strideHeight, strideWidth))
  }
}

extension Pooling: Operator {
  static let kind: StaticString = "Pooling"
  static let fieldNumber: UInt64 = 17

  init(_ it: Pooling?, in message: inout some OperatorMessage) throws(GoogLeNetError) {
    let method = try message.choice(1, it?.method.rawValue)
    guard let known = Method(rawValue: method) else {
      throw message.invalid("has pooling method \(method), which is neither MAX (0) nor AVERAGE (1)")
    }
    self.method = known
    global = try message.flag(2, it?.global)
    kernelHeight = try message.number(3, "kernel", it?.kernelHeight)
    kernelWidth = try message.number(4, "kernel", it?.kernelWidth)
    strideHeight = try message.number(5, "stride", it?.strideHeight)
    strideWidth = try message.number(6, "stride", it?.strideWidth)
    let padding = try message.padding(7, it?.border)
    let rounding = try message.choice(11, it?.rounding.rawValue)
    guard let known = Rounding(rawValue: rounding) else {
      throw message.invalid("has pooling rounding \(rounding), which is neither FLOOR (0) nor CEIL (1)")
    }
    self.rounding = known
    countIncludesPadding = try message.flag(12, it?.countIncludesPadding)
    border = try message.border(13, it?.border, beside: padding)
  }

  var traits: OperatorTraits {
    var traits = OperatorTraits(sign: .asInputs)
    if method == .max { traits.inheritance = .input } else { traits.readsBytes = true }
    traits.formatMajor = border.formatMajor
    return traits
  }

  func shape(of inputs: [Shape], _ check: LayerCheck) throws(GoogLeNetError) -> Shape {
    let input = inputs[0]
    if global { return Shape(channels: input.channels, height: 1, width: 1) }
    try check.check("stride", strideHeight, strideWidth)
    try check.check("kernel", kernelHeight, kernelWidth)
    let padding = padding(around: input)
    try check.check(padding)
    // A window wholly in the padding would have no maximum and divide by zero.
    guard max(padding.top, padding.bottom) < kernelHeight, max(padding.left, padding.right) < kernelWidth else {
      throw check.fault("its padding is not smaller than its kernel of \(kernelHeight) x \(kernelWidth)")
    }
    return Shape(
      channels: input.channels,
      height: try check.windows(input.height, kernelHeight, strideHeight, padding.top, padding.bottom, rounding),
      width: try check.windows(input.width, kernelWidth, strideWidth, padding.left, padding.right, rounding))
  }

  func work(input: Shape, inputCount: Int, output: Shape) -> OperatorWork {
    let window = global ? input.height * input.width : kernelHeight * kernelWidth
    return OperatorWork(multiplyAdds: 0, steps: UInt64(output.count).multiplied(by: UInt64(window)))
  }

  func form(inputs: [Shape]) -> GraphForm {
    guard global else { return .node(.kernel(Kernel(self, padding(around: inputs[0])))) }
    var whole = Pooling(method)
    whole.kernelHeight = inputs[0].height
    whole.kernelWidth = inputs[0].width
    return .node(.kernel(Kernel(whole)))
  }
}

extension Pooling {
  final class Kernel: NodeKernel {
    private let it: Pooling
    private let padding: Padding

    init(_ it: Pooling, _ padding: Padding = Padding()) {
      self.it = it
      self.padding = padding
    }

    var name: StaticString { it.method == .max ? "maximum" : "average" }
    /// Averages of bytes are computed from the bytes.
    var readsBytes: Bool { it.method == .average }

    func integerForm(_ inputs: [ActivationEncoding], _ output: ActivationEncoding) -> (any NodeKernel)? {
      switch (it.method, inputs[0], output) {
      case (.max, _, _) where inputs[0] == output: self
      case (.average, .u8, .float32): self
      default: nil
      }
    }

    func task(_ writer: TaskWriter, _ inputs: [Location], _ output: Location) throws(GoogLeNetError) -> StageTask {
      let table = writer.table
      let isMaximum = it.method == .max
      let run =
        switch inputs[0].encoding {
        case .float32: isMaximum ? table.f32_max_pooling : table.f32_average_pooling
        case .u8: isMaximum ? table.u8_max_pooling : table.u8_average_pooling
        case .u16: table.u16_max_pooling
        }
      let arguments = writer.storage.store(arguments(inputs[0], output, threads: writer.threads))
      return try writer.task(run, arguments, units: table.pooling_units?(arguments))
    }

    private func arguments(_ input: Location, _ output: Location, threads: Int32) -> gln_pooling {
      var scale: Float = 1
      if case .u8(let it) = input.encoding { scale = it }
      return gln_pooling(
        input: input.base, output: output.base, input_row_stride: input.rowStride,
        input_pixel_stride: input.pixelStride, output_row_stride: output.rowStride,
        output_pixel_stride: output.pixelStride, channels: Int32(input.shape.channels),
        input_height: Int32(input.shape.height), input_width: Int32(input.shape.width),
        output_height: Int32(output.shape.height), output_width: Int32(output.shape.width),
        kernel_height: Int32(it.kernelHeight), kernel_width: Int32(it.kernelWidth),
        stride_height: Int32(it.strideHeight), stride_width: Int32(it.strideWidth), padding_top: Int32(padding.top),
        padding_left: Int32(padding.left), padding_bottom: Int32(padding.bottom),
        padding_right: Int32(padding.right), count_includes_padding: it.countIncludesPadding ? 1 : 0,
        threads: threads, scale: scale)
    }
  }
}
