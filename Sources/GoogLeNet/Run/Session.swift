import CKernels
import CPlatform

/// A model made ready to run. Belongs to one thread at a time: a second call during one throws `busy`.
public final class Session {
  public let model: Model

  private let settings: PlanSettings
  /// Of all layers, at the session's input size.
  private let shapes: [Shape]
  private let crew: Crew
  /// Gives probabilities, logits and features.
  private let first: PlanBuffers
  private var plan: Plan { first.plan }
  /// Give what `layer` and `layers` are asked for. Only for the call that runs.
  private var others = PlanCache()
  private let cropper: Cropper
  /// Pixels of the network's input size, for `classify`.
  private let pixels: HeapBlock
  private let running: OpaquePointer
  /// The largest result of `classify`, made once so that calls allocate nothing.
  private let predictionBlock: HeapBlock
  private let predictions: UnsafeMutableBufferPointer<Prediction>

  fileprivate init(
    model: Model, settings: PlanSettings, shapes: [Shape], crew: Crew, first: PlanBuffers, pixels: HeapBlock,
    predictions: HeapBlock, running: OpaquePointer
  ) {
    self.model = model
    self.settings = settings
    self.shapes = shapes
    self.crew = crew
    self.first = first
    self.pixels = pixels
    self.running = running
    predictionBlock = predictions
    self.predictions = predictions.mutableBytes.bindMemory(to: Prediction.self)
    cropper = Cropper(
      preprocessing: model.network.preprocessing, height: settings.inputHeight, width: settings.inputWidth)
  }

  deinit { gln_counter_free(running) }

  fileprivate static func check(_ options: SessionOptions, _ model: Model) throws(GoogLeNetError) {
    try ThreadTeam.check(threads: options.threads)
    try ThreadTeam.check(spinMicroseconds: options.spinMicroseconds)
    let sides = 0...SessionOptions.inputSizeLimit
    guard sides ~= options.inputHeight, sides ~= options.inputWidth,
      (options.inputHeight == 0) == (options.inputWidth == 0)
    else {
      throw GoogLeNetError(
        .invalidArgument,
        "an input size of \(options.inputHeight) x \(options.inputWidth): use 1 to \(SessionOptions.inputSizeLimit) each, or 0 x 0 for the model's own"
      )
    }
    if options.precision == .int8, model.precision != .int8 {
      throw GoogLeNetError(
        .unsupported, "\(model.source) is a float32 model: int8 needs one made by 'googlenet quantize'")
    }
  }

  /// What a session with these options, which have been checked, uses.
  fileprivate static func settings(_ options: SessionOptions, _ packedWeights: PackedWeightsCache, _ crew: Crew)
    throws(GoogLeNetError) -> PlanSettings
  {
    let kernels = try KernelSelection(maxISA: options.maxISA)
    if options.backend == .openBLAS, gln_openblas_load() == 0 {
      throw GoogLeNetError(
        .backendUnavailable,
        "libopenblas.so.0 cannot be loaded: install libopenblas0 (Debian) or use the native backend")
    }
    let model = packedWeights.model
    let preprocessing = model.network.preprocessing
    return PlanSettings(
      kernels: kernels, backend: options.backend, algorithm: options.algorithm,
      precision: options.precision == .auto ? model.precision : options.precision, threads: crew.threads,
      threadsAreApart: crew.isApart,
      inputHeight: options.inputHeight == 0 ? preprocessing.inputHeight : options.inputHeight,
      inputWidth: options.inputWidth == 0 ? preprocessing.inputWidth : options.inputWidth,
      allocator: BlockAllocator(custom: options.allocator), packedWeights: packedWeights,
      memoryLimit: options.memoryLimit)
  }

  fileprivate func log(_ options: SessionOptions) {
    guard let log = options.log else { return }
    let shared = options.team.map { " of a shared team's \($0.threads)" } ?? ""
    let lines = [
      "tier \(isa.name), best of this CPU \(KernelSelection.best.name)",
      "\(threads) threads\(shared)\(settings.threadsAreApart ? ", whose cores share no cache" : "")",
      "\(weightBytes) bytes of packed weights, \(activationBytes) bytes of activations",
    ]
    for line in lines {
      line.withCString {
        gln_host_begin()
        log.receive(log.context, $0)
        gln_host_end()
      }
    }
  }

  /// What the session really uses, after all caps.
  public var isa: ISA { settings.kernels.isa }
  public var threads: Int { settings.threads }
  public var precision: Precision { settings.precision }
  public var backend: Backend { settings.backend }
  public var inputHeight: Int { settings.inputHeight }
  public var inputWidth: Int { settings.inputWidth }
  /// Bytes of packed weights, shared by the model's sessions of the same settings.
  public var weightBytes: Int { plan.weightBytes }
  /// Bytes of activations and scratch.
  public var activationBytes: Int { plan.arenaBytes + plan.scratchBytes }
  public var memory: SessionMemory {
    SessionMemory(
      model: model.byteCount, weights: plan.weightBytes, arena: plan.arenaBytes, scratch: plan.scratchBytes,
      picture: pixels.bytes.count, peak: plan.peakBytes + pixels.bytes.count)
  }

  /// What is left of the memory limit for resizing pictures.
  private var memoryLeft: UInt64 {
    let taken = plan.limitedBytes + others.limitedBytes + UInt64(pixels.bytes.count)
    return settings.memoryLimit - min(taken, settings.memoryLimit)
  }

  /// Runs `body`, again after each plan that is given back where it lacks memory.
  private func makingRoom<Result>(_ body: () throws(GoogLeNetError) -> Result) throws(GoogLeNetError) -> Result {
    while true {
      do throws(GoogLeNetError) {
        return try body()
      } catch {
        guard error.status == .limitExceeded || error.status == .outOfMemory else { throw error }
        // Where the call has failed anyway, nothing is won.
        try Allocation.check()
        guard others.removeOldest() != nil else { throw error }
      }
    }
  }

  /// Runs `body` unless another call runs, or the session is another process's.
  private func exclusively(_ body: () throws(GoogLeNetError) -> Void) throws(GoogLeNetError) {
    try crew.checkProcess()
    guard gln_counter_exchange(running, 0, 1) != 0 else {
      throw GoogLeNetError(
        .busy, "the session is running a call of another thread: use one session a thread, or a lock")
    }
    defer { gln_counter_store(running, 0) }
    try Allocation.check()
    try body()
  }

  /// Classifies a picture: resized, cut, normalised. Calls `receive` with the `count` likeliest classes, most
  /// probable first, ties by class index; the predictions may be read until it returns.
  public func classify(_ image: Image, count: Int, receive: (UnsafeBufferPointer<Prediction>) -> Void)
    throws(GoogLeNetError)
  {
    guard count > 0 else {
      throw GoogLeNetError(.invalidArgument, "capacity is 0: ask for at least one prediction")
    }
    let gray = model.network.preprocessing.channelOrder == .gray
    let batch = try Batch(.pixels(gray ? .gray : .rgb), data: pixels.bytes.baseAddress, count: 1)
    try exclusively { () throws(GoogLeNetError) in
      try crop(image, into: pixels.mutableBytes)
      let probabilities = first.output(of: model.outputLayer)?.floats
      try runner(first).run(batch) { _ in
        let wanted = UnsafeMutableBufferPointer(rebasing: predictions[..<min(count, predictions.count)])
        let written = TopK.select(
          UnsafeBufferPointer(start: probabilities, count: model.classCount), into: wanted)
        receive(UnsafeBufferPointer(rebasing: wanted[..<written]))
      }
    }
  }

  /// The `count` likeliest classes of a picture, most probable first.
  public func classify(_ image: Image, count: Int) throws(GoogLeNetError) -> [Prediction] {
    var result: [Prediction] = []
    try classify(image, count: count) { result = Array($0) }
    return result
  }

  /// Writes the resized and cut picture as rows of RGB (or gray) bytes.
  public func preprocess(_ image: Image, into output: UnsafeMutableBufferPointer<UInt8>) throws(GoogLeNetError) {
    let needed = pixels.bytes.count
    guard output.count >= needed else {
      throw GoogLeNetError(.bufferTooSmall, "the buffer holds \(output.count) bytes: \(needed) are needed")
    }
    try exclusively { () throws(GoogLeNetError) in
      try crop(image, into: UnsafeMutableRawBufferPointer(start: output.baseAddress, count: needed))
    }
  }

  private func crop(_ image: Image, into pixels: UnsafeMutableRawBufferPointer) throws(GoogLeNetError) {
    try makingRoom { () throws(GoogLeNetError) in try cropper.crop(image, into: pixels, available: memoryLeft) }
  }

  /// Writes `batch.count` rows of `model.classCount` values.
  public func predict(_ batch: Batch, output: Output = .probabilities, into values: UnsafeMutableBufferPointer<Float>)
    throws(GoogLeNetError)
  {
    try exclusively { () throws(GoogLeNetError) in
      try write(output == .logits ? model.logitsLayer : model.outputLayer, of: first, batch, into: values)
    }
  }

  /// Writes `batch.count` rows of pooled features, the classifier's input.
  public func features(_ batch: Batch, into values: UnsafeMutableBufferPointer<Float>) throws(GoogLeNetError) {
    try exclusively { () throws(GoogLeNetError) in
      try write(model.featureLayer, of: first, batch, into: values)
    }
  }

  /// The shape of a named layer's output.
  public func layerShape(_ name: String) throws(GoogLeNetError) -> Shape {
    shapes[try model.index(of: name)]
  }

  /// Writes `batch.count` outputs of a named layer, NCHW.
  public func layer(_ name: String, _ batch: Batch, into values: UnsafeMutableBufferPointer<Float>)
    throws(GoogLeNetError)
  {
    let index = try model.index(of: name)
    try exclusively { () throws(GoogLeNetError) in
      // Not by a key, whose array would be allocated in each call.
      let present = others.use { $0.outputs.count == 1 && $0.outputs[0] == index }
      if let present { return try write(index, of: present, batch, into: values) }
      try write(index, of: try buffers(for: [index]), batch, into: values)
    }
  }

  /// Writes `batch.count` outputs of each of several named layers, NCHW, to the buffer of the same index, in one run.
  public func layers(_ names: [String], _ batch: Batch, into values: [UnsafeMutableBufferPointer<Float>])
    throws(GoogLeNetError)
  {
    guard !names.isEmpty, names.count == values.count else {
      throw GoogLeNetError(
        .invalidArgument, "\(names.count) layers and \(values.count) buffers: give one buffer for each layer")
    }
    var indices: [Int] = []
    for name in names { indices.append(try model.index(of: name)) }
    try exclusively { () throws(GoogLeNetError) in
      let buffers = try buffers(for: indices)
      for (location, buffer) in zip(buffers.outputs, values) { try checkRoom(for: location, batch, in: buffer) }
      try runner(buffers).run(batch) { image in
        for (location, buffer) in zip(buffers.outputs, values) {
          guard let start = buffer.baseAddress else { continue }
          location.copyPlanes(to: start + image * location.shape.count)
        }
      }
    }
  }

  /// Runs the network on a batch, one operation after another, and tells how long each took: for each image first the filling
  /// of the network's input, then the operations in the order of the layers. Takes longer than `predict`, which runs operations
  /// that do not depend on each other at the same time.
  public func profile(
    _ batch: Batch, receive: (_ image: Int, _ operation: PlannedOperation, _ nanoseconds: UInt64) -> Void
  ) throws(GoogLeNetError) {
    let kernel: StaticString = if case .pixels = batch.kind { "pixels" } else { "planes" }
    let buffers = first
    let input = PlannedOperation.input(kernel, shape: plan.key.input, precision: first.input.precision)
    try exclusively { () throws(GoogLeNetError) in
      // See docs/memory.md.
      try Allocation.ensure(16 << 10 + 16 * plan.operations.count)
      var profiler = Profiler(buffers: buffers, crew: crew)
      try Allocation.check()
      let runner = runner(buffers)
      try runner.forEachImage(of: batch) { (image, first) throws(GoogLeNetError) in
        buffers.clearFindings()
        try profiler.run(first: first)
        try runner.checkFindings(image, first: first)
        receive(image, input, profiler.nanoseconds[0])
        for (operation, time) in zip(plan.operations, profiler.nanoseconds.dropFirst()) {
          receive(image, operation, time)
        }
      }
    }
  }

  private func runner(_ buffers: PlanBuffers) -> ImageRunner { ImageRunner(buffers: buffers, crew: crew) }

  /// Those of a plan that gives the outputs of some layers: one of those kept, or a new one.
  private func buffers(for layers: [Int]) throws(GoogLeNetError) -> PlanBuffers {
    let key = PlanKey(input: plan.key.input, outputs: layers)
    if let present = others.use(where: { $0 == key }) { return present }
    // Gives back the memory of an old one first.
    if others.isFull { _ = others.removeOldest() }
    let new = try makingRoom { () throws(GoogLeNetError) in
      let taken =
        plan.limitedBytes + others.limitedBytes + UInt64(pixels.bytes.count + cropper.workspaceBytes)
      return try PlanBuffers(
        of: try PlanBuilder.plan(
          model: model, settings: settings, shapes: shapes, key: key, takenBytes: taken, crew: crew))
    }
    others.add(new)
    return new
  }

  /// Writes the output of one of a plan's layers for each image.
  private func write(
    _ layer: Int, of buffers: PlanBuffers, _ batch: Batch, into values: UnsafeMutableBufferPointer<Float>
  ) throws(GoogLeNetError) {
    guard let location = buffers.output(of: layer) else { return }
    try checkRoom(for: location, batch, in: values)
    guard let start = values.baseAddress else { return }
    let length = location.shape.count
    try runner(buffers).run(batch) { location.copyPlanes(to: start + $0 * length) }
  }

  private func checkRoom(for location: Location, _ batch: Batch, in values: UnsafeMutableBufferPointer<Float>)
    throws(GoogLeNetError)
  {
    let length = location.shape.count
    let (needed, overflow) = length.multipliedReportingOverflow(by: batch.count)
    guard !overflow, values.count >= needed else {
      throw GoogLeNetError(
        .bufferTooSmall,
        "the buffer holds \(values.count) floats: \(batch.count) images need \(length) each")
    }
  }
}

extension Session: AllocatedLast {}

extension AllocatedLast where Self == Session {
  /// A session with packed weights of its own.
  public init(model: Model, options: SessionOptions = SessionOptions()) throws(GoogLeNetError) {
    try self.init(sharing: try PackedWeightsCache(of: model), options: options)
  }

  /// A session of the model that the packed weights are of.
  public init(sharing packedWeights: PackedWeightsCache, options: SessionOptions = SessionOptions())
    throws(GoogLeNetError)
  {
    let model = packedWeights.model
    try Session.check(options, model)
    let crew = try Crew(
      threads: options.threads, spinMicroseconds: options.spinMicroseconds, parallelFor: options.parallelFor,
      shared: options.team)
    let settings = try Session.settings(options, packedWeights, crew)
    try PlanBuilder.reserve(for: model)
    let shapes = try model.shapes(height: settings.inputHeight, width: settings.inputWidth)
    let input = model.inputShape(settings.inputHeight, settings.inputWidth)
    let key = PlanKey(input: input, outputs: [model.outputLayer, model.logitsLayer, model.featureLayer])
    let first = try PlanBuffers(
      of: try PlanBuilder.plan(
        model: model, settings: settings, shapes: shapes, key: key, takenBytes: UInt64(input.count), crew: crew))
    guard let pixels = HeapBlock(byteCount: input.count) else {
      throw GoogLeNetError(.outOfMemory, "no memory for an input image")
    }
    guard let predictions = HeapBlock(byteCount: model.classCount * MemoryLayout<Prediction>.stride) else {
      throw GoogLeNetError(.outOfMemory, "no memory for \(model.classCount) predictions")
    }
    try Allocation.check()
    guard let running = gln_counter_create() else {
      throw GoogLeNetError(.outOfMemory, "no memory for a counter")
    }
    self = Session(
      model: model, settings: settings, shapes: shapes, crew: crew, first: first,
      pixels: pixels, predictions: predictions, running: running)
    try Allocation.check()
    self.log(options)
  }
}
