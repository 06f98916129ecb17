/// The images of a batch. Tensors are checked just before they run.
struct BatchSource: ImageSource {
  let batch: Batch
  let channelOrder: Preprocessing.ChannelOrder
  let height: Int
  let width: Int

  var count: Int { batch.count }

  func name(of image: Int) -> String { "image \(image)" }

  func prepare(_ input: PlanInput) throws(GoogLeNetError) {
    switch batch.kind {
    case .tensors:
      guard Int(bitPattern: batch.data) % MemoryLayout<Float>.alignment == 0 else {
        throw GoogLeNetError(.invalidArgument, "batch.data is not aligned to 4 bytes, as float32 values must be")
      }
    case .pixels(let format):
      guard channelOrder.channels == 3 || format == .gray else {
        throw GoogLeNetError(.invalidArgument, "batch.format has colours, but the network takes one gray channel")
      }
      let offsets = format.channelOffsets
      let reversed = channelOrder == .bgr
      input.setFormat(
        rowStride: width * format.bytesPerPixel, pixelBytes: format.bytesPerPixel,
        channelOffsets: (
          Int32(reversed ? offsets.blue : offsets.red), Int32(offsets.green),
          Int32(reversed ? offsets.red : offsets.blue), 0
        ))
    }
  }

  func stage(for image: Int, _ input: PlanInput) throws(GoogLeNetError) -> Stage {
    switch batch.kind {
    case .tensors:
      let count = height * width * channelOrder.channels
      let planes = batch.data.assumingMemoryBound(to: Float.self) + image * count
      if let index = Finiteness.firstException(planes, count: count) {
        throw GoogLeNetError(
          .invalidArgument,
          "batch.data: value \(index) of image \(image) is \(planes[index].isNaN ? "NaN" : "infinite"): "
            + "all values must be finite numbers (image and value are counted from 0)")
      }
      input.setPlanes(planes)
      return input.planeStage
    case .pixels(let format):
      input.setPixels(
        batch.data.assumingMemoryBound(to: UInt8.self) + image * height * width * format.bytesPerPixel)
      return input.pixelStage
    }
  }
}
