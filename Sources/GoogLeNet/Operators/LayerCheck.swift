/// What is checked of several kinds of layers, in errors that name the layer.
struct LayerCheck {
  /// How errors name the model.
  let source: String
  let layer: String

  /// The error for a layer that is wrong in itself.
  func fault(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.invalidModel, "\(source): layer '\(layer)': \(what)")
  }

  /// The error for an input that the layer cannot take.
  func unsupported(_ what: String) -> GoogLeNetError {
    GoogLeNetError(.unsupported, "\(source): layer '\(layer)': \(what)")
  }

  func text(_ shape: Shape) -> String { "\(shape.channels) x \(shape.height) x \(shape.width)" }

  /// Throws unless both are sides that a window may have.
  func check(_ what: StaticString, _ height: Int, _ width: Int) throws(GoogLeNetError) {
    guard 1...NetworkValidator.windowLimit ~= height, 1...NetworkValidator.windowLimit ~= width else {
      throw fault("its \(what) is \(height) x \(width): 1 to \(NetworkValidator.windowLimit) is supported")
    }
  }

  func check(_ padding: Padding) throws(GoogLeNetError) {
    let limit = 0...NetworkValidator.windowLimit
    guard limit ~= padding.top, limit ~= padding.left, limit ~= padding.bottom, limit ~= padding.right else {
      throw fault("its padding is beyond \(NetworkValidator.windowLimit) pixels")
    }
  }

  /// Throws where a rule may ask for more padding than that, whatever the input's size is.
  /// - Parameters:
  ///   - height: pixels from a window's first row to its last.
  ///   - width: the same along a row.
  func check(_ border: Border, _ height: Int, _ width: Int) throws(GoogLeNetError) {
    guard case .same = border else { return }
    guard max(height, width) / 2 <= NetworkValidator.windowLimit else {
      throw fault(
        "its kernel covers \(height) x \(width) pixels, dilation included, so its padding rule may need more than "
          + "\(NetworkValidator.windowLimit) pixels of padding")
    }
  }

  /// Throws unless a tensor is a vector of `count` values.
  func checkVector(_ tensor: Tensor, _ field: StaticString, _ count: Int) throws(GoogLeNetError) {
    guard tensor.dims.count == 1, tensor.dims[0] == count else {
      throw fault("its \(field) must have one dimension of \(count) values, not \(tensor.count) values")
    }
  }

  /// How many windows of `extent` pixels, `stride` apart, fit along one side.
  func windows(
    _ size: Int, _ extent: Int, _ stride: Int, _ before: Int, _ after: Int, _ rounding: Pooling.Rounding
  ) throws(GoogLeNetError) -> Int {
    let span = size + before + after - extent
    guard span >= 0 else {
      throw unsupported(
        "a window of \(extent) pixels does not fit an input of \(size) with padding \(before) + \(after): the network's input is too small"
      )
    }
    guard rounding == .ceil else { return span / stride + 1 }
    let count = (span + stride - 1) / stride + 1
    // Caffe and PyTorch: the last window must start inside the image or its leading padding.
    return (count - 1) * stride >= size + before ? count - 1 : count
  }
}
