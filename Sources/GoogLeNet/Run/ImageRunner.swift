/// Runs a plan's buffers on images of a batch, one after another.
struct ImageRunner {
  let buffers: PlanBuffers
  let crew: Crew

  private var model: Model { buffers.plan.model }

  /// Runs the images of a batch one after another and calls `done` with the number of each, unless a value became infinite or NaN.
  func run(_ batch: Batch, done: (Int) -> Void) throws(GoogLeNetError) {
    try forEachImage(of: batch) { (image, first) throws(GoogLeNetError) in
      buffers.clearFindings()
      try run(first: first)
      try checkFindings(image, first: first)
      done(image)
    }
  }

  /// Calls `body` with the number of each image and the stage that fills the network's input from it. Tensors are checked just before.
  func forEachImage(of batch: Batch, body: (Int, Stage) throws(GoogLeNetError) -> Void) throws(GoogLeNetError) {
    let channels = model.network.preprocessing.channelOrder.channels
    let (height, width) = (buffers.plan.settings.inputHeight, buffers.plan.settings.inputWidth)
    let pixelCount = height * width
    switch batch.kind {
    case .tensors:
      guard Int(bitPattern: batch.data) % MemoryLayout<Float>.alignment == 0 else {
        throw GoogLeNetError(.invalidArgument, "batch.data is not aligned to 4 bytes, as float32 values must be")
      }
      let images = batch.data.assumingMemoryBound(to: Float.self)
      for image in 0..<batch.count {
        let planes = images + image * pixelCount * channels
        if let index = Finiteness.firstException(planes, count: pixelCount * channels) {
          throw GoogLeNetError(
            .invalidArgument,
            "batch.data: value \(index) of image \(image) is \(planes[index].isNaN ? "NaN" : "infinite"): "
              + "all values must be finite numbers (image and value are counted from 0)")
        }
        buffers.input.setPlanes(planes)
        try body(image, buffers.input.planeStage)
      }
    case .pixels(let format):
      guard channels == 3 || format == .gray else {
        throw GoogLeNetError(.invalidArgument, "batch.format has colours, but the network takes one gray channel")
      }
      let offsets = format.channelOffsets
      let reversed = model.network.preprocessing.channelOrder == .bgr
      buffers.input.setFormat(
        rowStride: width * format.bytesPerPixel, pixelBytes: format.bytesPerPixel,
        channelOffsets: (
          Int32(reversed ? offsets.blue : offsets.red), Int32(offsets.green),
          Int32(reversed ? offsets.red : offsets.blue), 0
        ))
      let images = batch.data.assumingMemoryBound(to: UInt8.self)
      for image in 0..<batch.count {
        buffers.input.setPixels(images + image * pixelCount * format.bytesPerPixel)
        try body(image, buffers.input.pixelStage)
      }
    }
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

  /// Throws if a value became infinite or NaN since the findings were cleared, whether or not it shows in an output.
  func checkFindings(_ image: Int, first: Stage) throws(GoogLeNetError) {
    if buffers.isFinite, buffers.outputs.allSatisfy({ $0.isFinite }) { return }
    let origin = try originOfFindings(first: first)
    throw GoogLeNetError(
      .notFinite,
      "image \(image): \(origin) has values that are infinite or NaN: for this input the "
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
