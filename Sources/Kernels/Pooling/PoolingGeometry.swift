import CKernels

/// Where the windows of a pooling lie. Steps count bytes.
struct PoolingGeometry {
  let cut: WorkCut
  let channels: Int
  /// Bytes of a pixel's channels.
  let pixelBytes: Int
  let inputRowStep: Int
  let inputColumnStep: Int
  let outputRowStep: Int
  let outputColumnStep: Int
  let outputHeight: Int
  let outputWidth: Int
  let kernelWidth: Int
  let strideWidth: Int
  private let inputHeight: Int32
  private let inputWidth: Int32
  private let kernelHeight: Int32
  private let strideHeight: Int32
  private let padding: (top: Int32, left: Int32, bottom: Int32, right: Int32)
  private let countsPadding: Bool

  /// - Parameters:
  ///   - inputSize: bytes of an input value.
  ///   - outputSize: bytes of an output value.
  @inline(__always)
  init(_ a: gln_pooling, inputSize: Int, outputSize: Int) {
    cut = Self.cut(a)
    channels = Int(a.channels)
    pixelBytes = channels &* inputSize
    inputRowStep = a.input_row_stride &* inputSize
    inputColumnStep = a.input_pixel_stride &* inputSize
    outputRowStep = a.output_row_stride &* outputSize
    outputColumnStep = a.output_pixel_stride &* outputSize
    outputHeight = Int(a.output_height)
    outputWidth = Int(a.output_width)
    kernelWidth = Int(a.kernel_width)
    strideWidth = Int(a.stride_width)
    inputHeight = a.input_height
    inputWidth = a.input_width
    kernelHeight = a.kernel_height
    strideHeight = a.stride_height
    padding = (a.padding_top, a.padding_left, a.padding_bottom, a.padding_right)
    countsPadding = a.count_includes_padding != 0
  }

  /// Units are ranges of output rows.
  @inline(__always)
  static func cut(_ arguments: gln_pooling) -> WorkCut {
    WorkCut(items: Int(arguments.output_height), threads: arguments.threads)
  }

  /// The input rows of an output row.
  @inline(__always)
  func rows(_ row: Int) -> PoolingWindow {
    PoolingWindow(
      row, kernel: kernelHeight, stride: strideHeight, before: padding.top, size: inputHeight, after: padding.bottom)
  }

  /// The input columns of an output column.
  @inline(__always)
  func columns(_ column: Int) -> PoolingWindow {
    PoolingWindow(
      column, kernel: Int32(truncatingIfNeeded: kernelWidth), stride: Int32(truncatingIfNeeded: strideWidth),
      before: padding.left, size: inputWidth, after: padding.right)
  }

  /// How many values an average divides by.
  @inline(__always)
  func count(_ rows: PoolingWindow, _ columns: PoolingWindow) -> Int {
    countsPadding ? rows.padded &* columns.padded : rows.count &* columns.count
  }

  /// Output columns whose windows no side of the image cuts.
  @inline(__always)
  var wholeColumns: (first: Int, end: Int) {
    let first = (Int(padding.left) &+ strideWidth &- 1) / strideWidth
    let room = Int(inputWidth) &+ Int(padding.left) &- kernelWidth
    return (first, room < 0 ? first : Swift.max(first, Swift.min(outputWidth, room / strideWidth &+ 1)))
  }
}
