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
  /// Give what the first plan does not. Only for the call that runs.
  private var others = PlanCache()
  /// Whether the call that runs works with the one of them that was used last.
  private var otherRuns = false
  private let cropper: Cropper
  /// Pixels of the network's input size, for `classify`.
  private let pixels: HeapBlock
  /// Of the call that runs.
  private let requests: RequestTable
  private let progress: SessionOptions.Progress?
  /// The largest result of `classify`, made once so that calls allocate nothing.
  private let predictionBlock: HeapBlock
  private let predictions: UnsafeMutableBufferPointer<Prediction>

  fileprivate init(
    model: Model, settings: PlanSettings, shapes: [Shape], crew: Crew, first: PlanBuffers, pixels: HeapBlock,
    predictions: HeapBlock, requests: RequestTable, progress: SessionOptions.Progress?
  ) {
    self.model = model
    self.settings = settings
    self.shapes = shapes
    self.crew = crew
    self.first = first
    self.pixels = pixels
    self.requests = requests
    self.progress = progress
    predictionBlock = predictions
    self.predictions = predictions.mutableBytes.bindMemory(to: Prediction.self)
    cropper = Cropper(
      preprocessing: model.network.preprocessing, height: settings.inputHeight, width: settings.inputWidth)
  }

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

  /// Runs `body`, again after each plan that is given back where it lacks memory, and after what resizing pictures took is.
  private func makingRoom<Result>(_ body: () throws(GoogLeNetError) -> Result) throws(GoogLeNetError) -> Result {
    while true {
      do throws(GoogLeNetError) {
        return try body()
      } catch {
        guard error.status == .limitExceeded || error.status == .outOfMemory else { throw error }
        // Where the call has failed anyway, nothing is won.
        try Allocation.check()
        guard others.removeOldest(keepsLast: otherRuns) != nil || cropper.giveBack() else { throw error }
      }
    }
  }

  /// Runs `body` unless another call runs, or the session is another process's.
  private func exclusively(_ body: () throws(GoogLeNetError) -> Void) throws(GoogLeNetError) {
    try crew.checkProcess()
    guard crew.call.begin() else {
      throw GoogLeNetError(
        .busy,
        "the session is running a call, of another thread or the one whose callback this is: use one session a thread, or a lock"
      )
    }
    defer { crew.call.end() }
    try Allocation.check()
    try body()
  }

  /// Stops the call that runs, from any thread; nothing where none does.
  public func cancel() { crew.call.cancel() }

  // MARK: Pictures

  /// Classifies a picture: resized, cut, normalised. Calls `receive` with the `count` likeliest classes, most
  /// probable first, ties by class index; the predictions may be read until it returns.
  public func classify(_ picture: Picture, count: Int, receive: (UnsafeBufferPointer<Prediction>) -> Void)
    throws(GoogLeNetError)
  {
    guard count > 0 else {
      throw GoogLeNetError(.invalidArgument, "capacity is 0: ask for at least one prediction")
    }
    let request = Request(.top(count), values: nil, capacity: count)
    try run(CollectionOfOne(try View(picture)), CollectionOfOne(request)) { _, _, found in receive(found) }
  }

  /// The `count` likeliest classes of a picture, most probable first.
  public func classify(_ picture: Picture, count: Int) throws(GoogLeNetError) -> [Prediction] {
    var result: [Prediction] = []
    try classify(picture, count: count) { result = Array($0) }
    return result
  }

  /// Answers requests for views, in one pass over the network for each. Nothing is written where a view, a request or the room that
  /// it gives is wrong.
  /// - Parameter receive: gets the classes that a request asks for of a view; they may be read until it returns.
  public func run<Views: ViewList, Requests: RequestList>(
    _ views: Views, _ requests: Requests,
    receive: (_ request: Int, _ view: Int, UnsafeBufferPointer<Prediction>) -> Void
  ) throws(GoogLeNetError) {
    for index in 0..<views.count {
      let view = try views.view(at: index)
      do throws(GoogLeNetError) {
        try cropper.check(view)
      } catch {
        throw GoogLeNetError(error.status, "\(views.name(of: index)).\(error.message)")
      }
    }
    let gray = model.network.preprocessing.channelOrder == .gray
    let image = source(try Batch(.pixels(gray ? .gray : .rgb), data: pixels.bytes.baseAddress, count: 1))
    try answer(ViewSource(views: views, pixels: image, session: self), requests, receive)
  }

  /// Throws where the network's input has no room for the context that a view asks for.
  func check(_ view: View) throws(GoogLeNetError) { try cropper.check(view) }

  /// Writes a view as the network is to see it, as rows of RGB (or gray) bytes.
  public func preprocess(_ view: View, into output: UnsafeMutableBufferPointer<UInt8>) throws(GoogLeNetError) {
    let needed = pixels.bytes.count
    guard output.count >= needed else {
      throw GoogLeNetError(.bufferTooSmall, "capacity is \(output.count): \(needed) bytes are needed")
    }
    try exclusively { () throws(GoogLeNetError) in
      try crop(view, into: UnsafeMutableRawBufferPointer(start: output.baseAddress, count: needed))
    }
  }

  /// Resizes a view into the session's pixels.
  func crop(_ view: View) throws(GoogLeNetError) { try crop(view, into: pixels.mutableBytes) }

  private func crop(_ view: View, into pixels: UnsafeMutableRawBufferPointer) throws(GoogLeNetError) {
    try makingRoom { () throws(GoogLeNetError) in
      try cropper.crop(view, into: pixels, available: memoryLeft, during: crew.call)
    }
  }

  // MARK: Images of the network's input size

  /// Writes `batch.count` rows of `model.classCount` values.
  public func predict(_ batch: Batch, output: Output = .probabilities, into values: UnsafeMutableBufferPointer<Float>)
    throws(GoogLeNetError)
  {
    try write(output == .logits ? .logits : .probabilities, batch, into: values)
  }

  /// Writes `batch.count` rows of pooled features, the classifier's input.
  public func features(_ batch: Batch, into values: UnsafeMutableBufferPointer<Float>) throws(GoogLeNetError) {
    try write(.features, batch, into: values)
  }

  /// The shape of a named layer's output.
  public func layerShape(_ name: String) throws(GoogLeNetError) -> Shape {
    shapes[try model.index(of: name)]
  }

  /// Writes `batch.count` outputs of a named layer, NCHW.
  public func layer(_ name: String, _ batch: Batch, into values: UnsafeMutableBufferPointer<Float>)
    throws(GoogLeNetError)
  {
    try layer(try model.index(of: name), batch, into: values)
  }

  /// - Parameter index: of a layer of the model.
  func layerShape(_ index: Int) -> Shape { shapes[index] }

  /// - Parameter index: of a layer of the model.
  func layer(_ index: Int, _ batch: Batch, into values: UnsafeMutableBufferPointer<Float>) throws(GoogLeNetError) {
    try write(.layer(index), batch, into: values)
  }

  /// Writes `batch.count` outputs of each of several named layers, NCHW, to the buffer of the same index, in one run.
  public func layers(_ names: [String], _ batch: Batch, into values: [UnsafeMutableBufferPointer<Float>])
    throws(GoogLeNetError)
  {
    guard !names.isEmpty, names.count == values.count else {
      throw GoogLeNetError(
        .invalidArgument, "\(names.count) layers and \(values.count) buffers: give one buffer for each layer")
    }
    var requests: [Request] = []
    for (name, buffer) in zip(names, values) {
      requests.append(
        Request(.layer(try model.index(of: name)), values: buffer.baseAddress, capacity: buffer.count))
    }
    try answer(source(batch), requests) { _, _, _ in }
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
      let source = source(batch)
      try runner.forEachImage(of: source) { (image, first) throws(GoogLeNetError) in
        buffers.clearFindings()
        try profiler.run(first: first)
        if let finding = try runner.finding(first: first) {
          throw ImageRunner.notFinite(source.name(of: image), finding)
        }
        receive(image, input, profiler.nanoseconds[0])
        for (operation, time) in zip(plan.operations, profiler.nanoseconds.dropFirst()) {
          receive(image, operation, time)
        }
      }
    }
  }

  private func source(_ batch: Batch) -> BatchSource {
    BatchSource(
      batch: batch, channelOrder: model.network.preprocessing.channelOrder, height: inputHeight, width: inputWidth)
  }

  private func runner(_ buffers: PlanBuffers) -> ImageRunner {
    ImageRunner(buffers: buffers, crew: crew, progress: progress)
  }

  /// Writes one output for each image of a batch.
  private func write(_ output: Request.Output, _ batch: Batch, into values: UnsafeMutableBufferPointer<Float>)
    throws(GoogLeNetError)
  {
    let request = Request(output, values: values.baseAddress, capacity: values.count)
    try answer(source(batch), CollectionOfOne(request)) { _, _, _ in }
  }

  /// Answers requests for images, in one pass over the network for each.
  private func answer<Source: ImageSource, Requests: RequestList>(
    _ source: Source, _ requests: Requests, _ receive: (Int, Int, UnsafeBufferPointer<Prediction>) -> Void
  ) throws(GoogLeNetError) {
    try exclusively { () throws(GoogLeNetError) in
      let table = self.requests
      try table.fill(requests, images: source.count, model, input: plan.key.input, shapes)
      let buffers = try buffersForRequests()
      table.place(in: buffers.plan.key.outputs)
      otherRuns = buffers !== first
      defer { otherRuns = false }
      try runner(buffers).run(source) { image in
        for (index, entry) in table.entries.enumerated() {
          if entry.top > 0 {
            let output = buffers.outputs[entry.place]
            let wanted = UnsafeMutableBufferPointer(rebasing: predictions[..<entry.top])
            let written = TopK.select(
              UnsafeBufferPointer(start: output.floats, count: model.classCount), into: wanted)
            receive(index, image, UnsafeBufferPointer(rebasing: wanted[..<written]))
          } else if let values = entry.values {
            buffers.copyOutput(entry.place, to: values + image * entry.rowLength)
          }
        }
      }
      for entry in table.entries { entry.receiver?.pointee = entry.rowLength }
    }
  }

  /// Those of a plan that gives what is asked for: the first one, one of those kept, or a new one.
  private func buffersForRequests() throws(GoogLeNetError) -> PlanBuffers {
    if requests.isWithin(plan.key.outputs) { return first }
    // Not by a key, whose array would be allocated in each call.
    if let present = others.use(where: { requests.isExactly($0.outputs) }) { return present }
    // Gives back the memory of an old one first.
    if others.isFull { _ = others.removeOldest() }
    let key = PlanKey(input: plan.key.input, outputs: Array(requests.layers))
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
    let requests = try RequestTable()
    self = Session(
      model: model, settings: settings, shapes: shapes, crew: crew, first: first,
      pixels: pixels, predictions: predictions, requests: requests, progress: options.progress)
    try Allocation.check()
    self.log(options)
  }
}
