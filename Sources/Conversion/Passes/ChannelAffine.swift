import GoogLeNet

/// y = x × scale + shift with one scale and shift a channel, in double precision: a batch normalization at inference.
struct ChannelAffine {
  let scale: [Double]
  let shift: [Double]

  /// nil where a tensor does not have one value for each of `channels`, or a variance has no square root above 0.
  init?(_ normalization: BatchNormalization, channels: Int) {
    for (_, tensor) in Operation.batchNormalization(normalization).tensors where tensor.count != channels {
      return nil
    }
    var scale = normalization.scale?.floats().map(Double.init) ?? [Double](repeating: 1, count: channels)
    var shift = normalization.shift?.floats().map(Double.init) ?? [Double](repeating: 0, count: channels)
    if let mean = normalization.mean?.floats(), let variance = normalization.variance?.floats() {
      for channel in 0..<channels {
        let spread = Double(variance[channel]) + Double(normalization.epsilon)
        guard spread > 0 else { return nil }
        scale[channel] /= spread.squareRoot()
        shift[channel] -= Double(mean[channel]) * scale[channel]
      }
    }
    self.scale = scale
    self.shift = shift
  }

  var keepsScale: Bool { scale.allSatisfy { $0 == 1 } }

  /// - Parameters:
  ///   - images: one after another, channel by channel.
  ///   - image: the shape of one; its channels must be those of the map.
  func apply(toImages images: inout [Float], of image: Shape) {
    let pixels = image.height * image.width
    for index in images.indices {
      let channel = index / pixels % image.channels
      images[index] = Float(Double(images[index]) * scale[channel] + shift[channel])
    }
  }

  /// The weights with each output channel (first dimension) multiplied by its scale.
  func scaling(_ weights: Tensor, _ budget: ValueBudget) throws(GoogLeNetError) -> Tensor {
    guard !keepsScale else { return weights }
    if weights.elementType.isInteger, weights.scales.count == scale.count {
      return Tensor(
        dims: weights.dims, elementType: weights.elementType,
        scales: scale.indices.map { Float(Double(weights.scales[$0]) * scale[$0]) },
        inputScales: weights.inputScales, bytes: weights.bytes, owner: weights.owner)
    }
    return try Tensor(dims: weights.dims, count: weights.count, budget) { values in
      weights.copyFloats(into: values.baseAddress)
      let inner = values.count / max(scale.count, 1)
      for channel in scale.indices {
        for index in channel * inner..<(channel + 1) * inner {
          values[index] = Float(Double(values[index]) * scale[channel])
        }
      }
    }
  }

  func applied(to bias: Tensor?, _ budget: ValueBudget) throws(GoogLeNetError) -> Tensor? {
    guard let before = bias?.floats() else {
      return shift.allSatisfy { $0 == 0 } ? nil : try Tensor(shift.map(Float.init), dims: [shift.count], budget)
    }
    guard before.count == shift.count else { return bias }
    var values: [Float] = []
    values.reserveCapacity(before.count)
    for channel in shift.indices {
      values.append(Float(Double(before[channel]) * scale[channel] + shift[channel]))
    }
    return try Tensor(values, dims: [values.count], budget)
  }
}
