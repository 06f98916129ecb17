/// Runs a plan's buffers on images, one after another.
struct ImageRunner {
  let buffers: PlanBuffers
  let crew: Crew
  let progress: SessionOptions.Progress?

  private var model: Model { buffers.plan.model }

  /// Runs images one after another and calls `done` with the number of each, unless a value became infinite or NaN.
  func run<Source: ImageSource>(_ source: Source, done: (Int) -> Void) throws(GoogLeNetError) {
    try forEachImage(of: source) { (image, first) throws(GoogLeNetError) in
      buffers.clearFindings()
      try run(first: first)
      if let finding = try finding(first: first) { throw ImageRunner.notFinite(source.name(of: image), finding) }
      done(image)
    }
  }

  /// Calls `body` with the number of each image and the stage that fills the network's input from it, and tells the host after each.
  /// - Throws: `cancelled` where the host wants it.
  func forEachImage<Source: ImageSource>(of source: Source, body: (Int, Stage) throws(GoogLeNetError) -> Void)
    throws(GoogLeNetError)
  {
    try source.prepare(buffers.input)
    let count = source.count
    for image in 0..<count {
      do throws(GoogLeNetError) {
        try crew.call.check()
        try body(image, try source.stage(for: image, buffers.input))
      } catch {
        guard error.status == .cancelled else { throw error }
        throw ImageRunner.cancelled(done: image, of: count)
      }
      if let progress, progress.stops(done: image + 1, of: count), image + 1 < count {
        throw ImageRunner.cancelled(done: image + 1, of: count)
      }
    }
  }

  private static func cancelled(done: Int, of count: Int) -> GoogLeNetError {
    GoogLeNetError(.cancelled, "the call was cancelled after \(done) of \(count) images")
  }

  private func run(first: Stage) throws(GoogLeNetError) {
    buffers.arena.enter(step: 0)
    try crew.run(first, scratch: buffers.scratch, scratchStride: buffers.scratchStride)
    for index in buffers.stages.indices {
      buffers.arena.enter(step: 1 + index)
      try crew.run(buffers.stages[index], scratch: buffers.scratch, scratchStride: buffers.scratchStride)
    }
    buffers.arena.enter(step: 1 + buffers.stages.count)
  }

  /// What has values that became infinite or NaN since the findings were cleared, whether or not they show in an output; nil where
  /// there are none.
  func finding(first: Stage) throws(GoogLeNetError) -> String? {
    if buffers.isFinite, buffers.outputs.allSatisfy({ $0.isFinite }) { return nil }
    return try originOfFindings(first: first)
  }

  static func notFinite(_ image: String, _ finding: String) -> GoogLeNetError {
    GoogLeNetError(
      .notFinite,
      "\(image): \(finding) has values that are infinite or NaN: for this input the "
        + "model's numbers are too large for float32")
  }

  /// What computes the first value that is not finite: runs the image once more, task by task.
  private func originOfFindings(first: Stage) throws(GoogLeNetError) -> String {
    buffers.clearFindings()
    buffers.arena.enter(step: 0)
    try crew.run(first, scratch: buffers.scratch, scratchStride: buffers.scratchStride)
    if !buffers.isFinite { return "the normalised input" }
    for (number, stage) in buffers.stages.enumerated() {
      buffers.arena.enter(step: 1 + number)
      for (index, task) in stage.tasks.enumerated() {
        try crew.run(stage.only(index), scratch: buffers.scratch, scratchStride: buffers.scratchStride)
        if !buffers.isFinite, let layer = buffers.plan.operations[task.operation].layers.first {
          return "layer '\(model.network.layers[layer].name)'"
        }
      }
    }
    return "an output"
  }
}
