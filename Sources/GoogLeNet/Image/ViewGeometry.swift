/// How a view becomes the network's input: the pixels that are read, and along each side the filter that makes outputs of them.
struct ViewGeometry {
  /// The part of the picture that is read; filters count from its left and top.
  let source: View.Box
  let columns: ResampleFilter
  let rows: ResampleFilter
  /// Where in the network's input the first output lies. Around the outputs is nothing of the picture.
  let left: Int
  let top: Int

  /// A part of a picture, resized by a rule, of which the centre is cut out.
  /// - Parameter shortSide: what the rule makes of the short side.
  init(
    _ box: View.Box, rule: Preprocessing.ResizeRule, shortSide: Int, input: (width: Int, height: Int)
  ) {
    let resized = ResizeGeometry(rule, picture: (box.width, box.height), shortSide: shortSide, crop: input)
    source = box
    columns = ResampleFilter(
      inputSize: box.width, origin: 0, scale: Double(box.width) / Double(resized.width),
      outputs: resized.left..<resized.left + input.width, isAntialiased: rule.isAntialiased)
    rows = ResampleFilter(
      inputSize: box.height, origin: 0, scale: Double(box.height) / Double(resized.height),
      outputs: resized.top..<resized.top + input.height, isAntialiased: rule.isAntialiased)
    (left, top) = (0, 0)
  }

  /// A part of a picture with its surroundings: stretched, or resized with its aspect kept, so that the part's longer side fills the
  /// input but for the context.
  init(
    _ view: View, keepsAspect: Bool, input: (width: Int, height: Int), isAntialiased: Bool
  ) {
    let box = view.box
    var columnScale = Double(box.width) / Double(input.width - 2 * view.context)
    var rowScale = Double(box.height) / Double(input.height - 2 * view.context)
    if keepsAspect {
      columnScale = max(columnScale, rowScale)
      rowScale = columnScale
    }
    let horizontal = Side(
      start: box.left, length: box.width, scale: columnScale, input: input.width, picture: view.picture.seenWidth)
    let vertical = Side(
      start: box.top, length: box.height, scale: rowScale, input: input.height, picture: view.picture.seenHeight)
    source = View.Box(
      left: horizontal.source.lowerBound, top: vertical.source.lowerBound, width: horizontal.source.count,
      height: vertical.source.count)
    columns = horizontal.filter(isAntialiased)
    rows = vertical.filter(isAntialiased)
    left = horizontal.outputs.lowerBound
    top = vertical.outputs.lowerBound
  }

  /// The input's side laid over the picture's, centred on the box.
  private struct Side {
    let scale: Double
    /// Where the input begins in the picture, in pixels; before the picture where it is negative.
    let origin: Double
    /// Pixels of the picture that the input covers, also in part.
    let source: Range<Int>
    /// Outputs whose centres lie in the picture.
    let outputs: Range<Int>

    init(start: Int, length: Int, scale: Double, input: Int, picture: Int) {
      self.scale = scale
      let origin = Side.snapped(Double(start) + Double(length) / 2 - Double(input) / 2 * scale)
      self.origin = origin
      let end = Side.snapped(origin + Double(input) * scale)
      source = max(0, Int(origin.rounded(.down)))..<min(picture, Int(end.rounded(.up)))
      func center(_ output: Int) -> Double { origin + (Double(output) + 0.5) * scale }
      var first = 0
      while first < input, center(first) < 0 { first += 1 }
      var next = first
      while next < input, center(next) < Double(picture) { next += 1 }
      // A picture narrower than an output may lie between two of them.
      outputs = first < next ? first..<next : input / 2..<input / 2 + 1
    }

    /// Without the rounding of the sums before, which would let a box that begins on a pixel begin on the one before it.
    private static func snapped(_ place: Double) -> Double { (place * 0x1p20).rounded() * 0x1p-20 }

    func filter(_ isAntialiased: Bool) -> ResampleFilter {
      ResampleFilter(
        inputSize: source.count, origin: origin - Double(source.lowerBound), scale: scale, outputs: outputs,
        isAntialiased: isAntialiased)
    }
  }
}
