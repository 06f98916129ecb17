import CForeignFormats
import GoogLeNet

/// A mean image of Caffe (`mean.binaryproto`) as one mean a channel, which is all that preprocessing can subtract.
struct CaffeMean {
  let values: [Float]
  /// How the image was reduced, for the notes.
  let note: String

  /// - Parameters:
  ///   - size: of the network's input, which is cut from the image's middle as Caffe cuts it from pictures.
  ///   - budget: of the network that it belongs to; nil for one of its own.
  init(path: String, channels: Int, size: (height: Int, width: Int), _ budget: ValueBudget? = nil)
    throws(GoogLeNetError)
  {
    let mapped = try MappedFile(path: path, readingStreams: true)
    budget?.count(mapped, path: path)
    let file = InputFile(name: path, folder: nil, bytes: mapped.bytes, budget: budget)
    let message = try withExtendedLifetime(mapped) { () throws(GoogLeNetError) in
      try ForeignMessage(file, what: "a mean image of Caffe (BlobProto)", unpack: caffe__blob_proto__unpack)
    }
    let count = message.message.pointee.n_data + message.message.pointee.n_double_data
    let copy = try file.budget.charge(ValueBudget.bytes(count, of: Float.self))
    defer { withExtendedLifetime(copy) {} }
    let (dims, pixels) = withExtendedLifetime(message) {
      let blob = CaffeBlob(message.message.pointee)
      return (blob.dims, blob.values)
    }
    let shape = dims.count == 4 && dims[0] == 1 ? [Int](dims[1...]) : dims
    guard shape.count == 3, shape.checkedProduct == pixels.count, pixels.allSatisfy(\.isFinite) else {
      throw file.invalid(
        "it is not a mean image: its \(pixels.count) values have the shape \(dims), (1, channels, height, width) is needed"
      )
    }
    guard shape[0] == channels else {
      throw GoogLeNetError(
        .invalidArgument, "'\(path)': the mean image has \(shape[0]) channels, the network's input \(channels)")
    }
    let plane = shape[1] * shape[2]
    let isConstant = (0..<channels).allSatisfy { channel in
      pixels[channel * plane..<(channel + 1) * plane].allSatisfy { $0 == pixels[channel * plane] }
    }
    if isConstant {
      values = (0..<channels).map { pixels[$0 * plane] }
      note = "the mean image is the same at each pixel: its values became the mean"
      return
    }
    let height = min(size.height, shape[1]), width = min(size.width, shape[2])
    let top = (shape[1] - height) / 2, left = (shape[2] - width) / 2
    values = (0..<channels).map { channel in
      var sum = 0.0
      for row in top..<top + height {
        let start = channel * plane + row * shape[2] + left
        for value in pixels[start..<start + width] { sum += Double(value) }
      }
      return Float(sum / Double(height * width))
    }
    note =
      "the mean image differs from pixel to pixel: it was replaced by the average of its centre of \(height) x \(width) for "
      + "each channel, which changes results a little"
  }
}
