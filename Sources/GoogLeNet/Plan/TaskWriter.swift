import CKernels

/// The last step of planning: the arguments of all kernels, as tasks.
struct TaskWriter {
  let graph: Graph
  let settings: PlanSettings
  let storage: PlanStorage
  /// How errors name the model.
  let source: String
  private let layout: ActivationLayout
  /// Where the arena begins.
  private let base: UnsafeMutableRawPointer

  init(
    _ model: Model, _ graph: Graph, _ settings: PlanSettings, _ layout: ActivationLayout, _ storage: PlanStorage,
    arena: UnsafeMutableRawPointer
  ) {
    source = model.source
    self.graph = graph
    self.settings = settings
    self.layout = layout
    self.storage = storage
    base = arena
  }

  var table: gln_kernel_table { settings.kernels.table }
  var threads: Int32 { Int32(settings.threads) }

  /// - Throws: `unsupported` where the tier has no such kernel.
  func task(_ run: gln_run_unit?, _ arguments: UnsafeRawPointer, phase: Int = 0, units: Int32?)
    throws(GoogLeNetError) -> StageTask
  {
    guard let run, let units else {
      throw GoogLeNetError(.unsupported, "the tier \(settings.kernels.isa.name) lacks a kernel that the network needs")
    }
    return StageTask(run: run, arguments: arguments, phase: Int32(phase), units: Int(units))
  }

  func stage(_ tasks: [StageTask]) -> Stage {
    var units = 0
    for task in tasks { units += task.units }
    return Stage(tasks: UnsafeBufferPointer(storage.store(tasks)), units: units)
  }

  func location(of value: Int) -> Location? { layout.location(of: value, in: base) }

  /// For each stage its tasks.
  /// - Parameter parts: for each node its convolutions, with their weights.
  func tasks(_ order: StageOrder, _ parts: [[ConvolutionPart]]) throws(GoogLeNetError) -> [[StageTask]] {
    var tasks = [[StageTask]](repeating: [], count: order.count)
    for index in graph.nodes.indices {
      for (phase, var task) in try self.tasks(of: graph.nodes[index], parts[index]) {
        task.operation = index
        tasks[order.first[index] + phase].append(task)
      }
    }
    linkWeights(of: tasks)
    return tasks
  }

  /// Tells the units of convolutions which weights their thread reads next.
  private func linkWeights(of stages: [[StageTask]]) {
    for thread in 0..<settings.threads {
      var next: UnsafePointer<Float>?
      for tasks in stages.reversed() {
        for task in tasks.reversed() {
          guard let order = task.weightOrder else { continue }
          for unit in task.share(of: thread, settings.threads).reversed() {
            order.following[unit] = next
            next = order.firstWeights(order.arguments, Int32(unit))
          }
        }
      }
    }
  }

  private func tasks(of node: GraphNode, _ parts: [ConvolutionPart]) throws(GoogLeNetError)
    -> [(phase: Int, task: StageTask)]
  {
    let inputs = node.inputs.compactMap(location)
    guard inputs.count == node.inputs.count, let output = location(of: node.output) else { return [] }
    switch node.kind {
    case .convolution(let it), .integerConvolution(let it):
      var tasks: [(phase: Int, task: StageTask)] = []
      for (group, part) in parts.enumerated() {
        switch part {
        case .float32(let arguments, let algorithm, let shared):
          tasks += try self.tasks(arguments, algorithm, shared, group, it.padding, inputs[0], output)
        case .integer(let arguments, let algorithm):
          tasks.append((0, try task(arguments, algorithm, group, it.padding, inputs[0], output)))
        }
      }
      return tasks
    case .kernel(let it): return [(0, try it.task(self, inputs, output))]
    }
  }

  /// The phases of one group of a float32 convolution.
  private func tasks(
    _ shape: gln_f32_convolution, _ algorithm: ConvolutionAlgorithm, _ shared: Int?, _ group: Int, _ padding: Padding,
    _ input: Location, _ output: Location
  ) throws(GoogLeNetError) -> [(phase: Int, task: StageTask)] {
    var tasks: [(phase: Int, task: StageTask)] = []
    var arguments = shape
    let corner = padding.top * input.rowStride + padding.left * input.pixelStride
    arguments.input = UnsafePointer(input.floats - corner + group * Int(arguments.input_channels))
    arguments.output = output.floats + group * Int(arguments.output_channels)
    if let shared {
      arguments.shared = (base + Int(layout.memory.blocks[shared].offset)).assumingMemoryBound(to: Float.self)
    }
    let record = settings.record(of: algorithm)
    var order: WeightOrder?
    let units = record.unit_count?(&arguments, record.phases - 1) ?? 0
    let following = storage.store([UnsafePointer<Float>?](repeating: nil, count: Int(units)))
    arguments.following = UnsafePointer(following.baseAddress)
    let stored = storage.store(arguments)
    if let firstWeights = record.first_weights {
      order = WeightOrder(firstWeights: firstWeights, arguments: stored, following: following)
    }
    for phase in 0..<Int(record.phases) {
      let units = record.unit_count?(stored, Int32(phase))
      if units == 0 { continue }
      var task = try task(record.run, stored, phase: phase, units: units)
      if phase == Int(record.phases) - 1 { task.weightOrder = order }
      tasks.append((phase, task))
    }
    return tasks
  }

  /// One group of a convolution of bytes.
  private func task(
    _ shape: gln_integer_convolution, _ algorithm: ConvolutionAlgorithm, _ group: Int, _ padding: Padding,
    _ input: Location,
    _ output: Location
  ) throws(GoogLeNetError) -> StageTask {
    var arguments = shape
    let corner = padding.top * input.rowStride + padding.left * input.pixelStride
    arguments.input = UnsafePointer(input.bytes - corner + group * Int(arguments.input_channels))
    arguments.output = output.base + group * Int(arguments.output_channels) * output.encoding.size
    let stored = storage.store(arguments)
    let record = settings.integerRecord(of: algorithm)
    return try task(record.run, stored, units: record.unit_count?(stored))
  }
}
