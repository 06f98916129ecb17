import CKernels

/// The first step of planning: how each convolution is computed, and how much padding it reads.
struct AlgorithmChoice {
  private let graph: Graph
  private let settings: PlanSettings
  /// For each node its convolutions, one a group; none for other kinds.
  private(set) var parts: [[ConvolutionPart]] = []
  /// For each value with memory of its own the pixels of padding that convolutions read around it.
  private(set) var halos: [Padding]

  init(_ graph: Graph, _ settings: PlanSettings) {
    self.graph = graph
    self.settings = settings
    halos = [Padding](repeating: Padding(), count: graph.values.count)
    parts.reserveCapacity(graph.nodes.count)
    for node in graph.nodes {
      switch node.kind {
      case .convolution(let it): parts.append(parts(of: it, node))
      case .integerConvolution(let it): parts.append(integerParts(of: it, node))
      case .kernel: parts.append([])
      }
    }
  }

  private func algorithm(for shape: gln_f32_convolution, _ input: Int) -> ConvolutionAlgorithm {
    if settings.backend == .openBLAS { return .openBLAS }
    var shape = shape
    // The choice must not depend on which outputs are wanted, as strides in concatenations do.
    if graph.mayBeJoined[input] { shape.input_pixel_stride = .max }
    if settings.algorithm == .auto, let supports = settings.kernels.table.f32_winograd.supports, supports(&shape) != 0 {
      return .winograd
    }
    return .direct
  }

  private func algorithm(for shape: gln_integer_convolution, weights: ElementType) -> ConvolutionAlgorithm {
    var shape = shape
    let isWide = weights == .int16
    let winograd = ConvolutionAlgorithm.integerWinograd(outputType: shape.output_type.rawValue, isWide: isWide)
    if settings.algorithm == .auto, let supports = settings.integerRecord(of: winograd).supports, supports(&shape) != 0
    {
      return winograd
    }
    return .integerDirect(outputType: shape.output_type.rawValue, isWide: isWide)
  }

  private mutating func parts(of it: GraphNode.Convolution, _ node: GraphNode) -> [ConvolutionPart] {
    var parts: [ConvolutionPart] = []
    for _ in 0..<it.groups {
      var arguments = floatArguments(of: it, node)
      let algorithm = algorithm(for: arguments, node.inputs[0])
      parts.append(.float32(arguments, algorithm: algorithm, shared: nil))
      var rows: Int32 = 0
      var columns: Int32 = 0
      settings.record(of: algorithm).extra_input?(&arguments, &rows, &columns)
      widenHalo(of: node, for: it, extraRows: Int(rows), extraColumns: Int(columns))
    }
    return parts
  }

  private mutating func integerParts(of it: GraphNode.Convolution, _ node: GraphNode) -> [ConvolutionPart] {
    var parts: [ConvolutionPart] = []
    for _ in 0..<it.groups {
      var arguments = integerArguments(of: it, node)
      let algorithm = algorithm(for: arguments, weights: it.weights.elementType)
      parts.append(.integer(arguments, algorithm: algorithm))
      var rows: Int32 = 0
      var columns: Int32 = 0
      settings.integerRecord(of: algorithm).extra_input?(&arguments, &rows, &columns)
      widenHalo(of: node, for: it, extraRows: Int(rows), extraColumns: Int(columns))
    }
    return parts
  }

  /// The arguments without pointers and the strides of rows.
  private func floatArguments(of it: GraphNode.Convolution, _ node: GraphNode) -> gln_f32_convolution {
    let output = graph.values[node.output].shape
    var arguments = gln_f32_convolution()
    arguments.input_pixel_stride = graph.pixelStride(of: graph.root(of: node.inputs[0]).value)
    arguments.output_pixel_stride = graph.pixelStride(of: graph.root(of: node.output).value)
    arguments.input_channels = Int32(it.inputChannels / it.groups)
    arguments.output_channels = Int32(it.outputChannels / it.groups)
    arguments.output_height = Int32(output.height)
    arguments.output_width = Int32(output.width)
    arguments.kernel_height = Int32(it.kernelHeight)
    arguments.kernel_width = Int32(it.kernelWidth)
    arguments.stride_height = Int32(it.strideHeight)
    arguments.stride_width = Int32(it.strideWidth)
    arguments.dilation_height = Int32(it.dilationHeight)
    arguments.dilation_width = Int32(it.dilationWidth)
    arguments.threads = Int32(settings.threads)
    arguments.threads_apart = settings.threadsAreApart ? 1 : 0
    arguments.minimum = it.minimum
    return arguments
  }

  /// The arguments without pointers and strides.
  private func integerArguments(of it: GraphNode.Convolution, _ node: GraphNode) -> gln_integer_convolution {
    let output = graph.values[node.output].shape
    var arguments = gln_integer_convolution()
    arguments.input_channels = Int32(it.inputChannels / it.groups)
    arguments.output_channels = Int32(it.outputChannels / it.groups)
    arguments.output_height = Int32(output.height)
    arguments.output_width = Int32(output.width)
    arguments.kernel_height = Int32(it.kernelHeight)
    arguments.kernel_width = Int32(it.kernelWidth)
    arguments.stride_height = Int32(it.strideHeight)
    arguments.stride_width = Int32(it.strideWidth)
    arguments.dilation_height = Int32(it.dilationHeight)
    arguments.dilation_width = Int32(it.dilationWidth)
    arguments.threads = Int32(settings.threads)
    arguments.minimum = it.minimum
    arguments.output_type =
      switch graph.values[node.output].encoding {
      case .u8: GLN_INTEGER_OUTPUT_U8
      case .u16: GLN_INTEGER_OUTPUT_U16
      case .float32: GLN_INTEGER_OUTPUT_F32
      }
    return arguments
  }

  private mutating func widenHalo(
    of node: GraphNode, for it: GraphNode.Convolution, extraRows: Int, extraColumns: Int
  ) {
    let root = graph.root(of: node.inputs[0]).value
    let image = graph.values[node.inputs[0]].shape
    let output = graph.values[node.output].shape
    let rows = (output.height - 1) * it.strideHeight + (it.kernelHeight - 1) * it.dilationHeight + 1 + extraRows
    let columns = (output.width - 1) * it.strideWidth + (it.kernelWidth - 1) * it.dilationWidth + 1 + extraColumns
    halos[root].top = max(halos[root].top, it.padding.top)
    halos[root].left = max(halos[root].left, it.padding.left)
    halos[root].bottom = max(halos[root].bottom, rows - it.padding.top - image.height)
    halos[root].right = max(halos[root].right, columns - it.padding.left - image.width)
  }
}
