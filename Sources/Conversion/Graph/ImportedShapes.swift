import GoogLeNet

/// The shapes of layers while they are imported. Where a concatenation joins branches of different sizes, it finds the
/// convolutions whose padding is the reason, and gives them one that fits if that is asked for.
struct ImportedShapes {
  private let source: String
  private let fixesPadding: Bool
  private let inference: ShapeInference
  private var shapes: [String: Shape] = [:]
  /// Where each layer stands, and how many layers read it.
  private var places: [String: Int] = [:]
  private var readers: [String: Int] = [:]
  /// Layers whose shape is another since their branch was mended.
  private var changed: Set<String> = []
  private(set) var fixes: [PaddingFix] = []

  /// How many branches, and how many layers of each, are looked through.
  private static let searchLimit = 32

  /// - Parameter name: how errors name the file.
  init(_ name: String, _ options: ConversionOptions) {
    source = "'\(name)'"
    fixesPadding = options.fixesPadding
    inference = ShapeInference(source: source)
  }

  /// The shape of a layer, or of the network's input, which has to be set.
  subscript(name: String) -> Shape? {
    get { shapes[name] }
    set { shapes[name] = newValue }
  }

  /// Adds a layer and gives the shape of its output. All of `layers` must have been added so.
  mutating func append(_ layer: Layer, to layers: inout [Layer]) throws(GoogLeNetError) -> Shape {
    if case .concat = layer.operation {
      try fit(layer, &layers)
    } else if let input = layer.inputs.first(where: changed.contains) {
      throw GoogLeNetError(
        .unsupported,
        "\(source): layer '\(layer.name)' reads '\(input)', whose size --fix-padding changed: only a concatenation may")
    }
    var layer = layer
    let inputs = layer.inputs.compactMap { shapes[$0] }
    // A branch may be smaller than the window that does not keep its size.
    if fixesPadding, (try? inference.shape(of: layer, inputs)) == nil, let input = inputs.first,
      let (fixed, fix) = ImportedShapes.keepingSize(layer, input)
    {
      layer = fixed
      fixes.append(fix)
    }
    let shape = try inference.shape(of: layer, inputs)
    for input in layer.inputs { readers[input, default: 0] += 1 }
    shapes[layer.name] = shape
    places[layer.name] = layers.count
    layers.append(layer)
    return shape
  }

  /// Mends the branches that a concatenation cannot join, or says how they could be.
  private mutating func fit(_ concat: Layer, _ layers: inout [Layer]) throws(GoogLeNetError) {
    let sizes = Set(concat.inputs.compactMap { shapes[$0].map { [$0.height, $0.width] } })
    guard sizes.count > 1, concat.inputs.count <= ImportedShapes.searchLimit else { return }
    // Too little padding makes a branch smaller, so the largest size is tried first.
    for size in sizes.sorted(by: { ($0[0], $0[1]) > ($1[0], $1[1]) }) {
      var branches: [[(place: Int, fix: PaddingFix)]] = []
      for input in concat.inputs where shapes[input].map({ [$0.height, $0.width] != size }) ?? false {
        guard let found = misfits(input, size, layers) else { break }
        branches.append(found)
      }
      let wrong = concat.inputs.count { shapes[$0].map { [$0.height, $0.width] != size } ?? true }
      guard branches.count == wrong else { continue }
      guard fixesPadding else { throw misfit(concat, size, branches.joined().map(\.fix)) }
      for (place, fix) in branches.joined() {
        guard case .convolution(var convolution) = layers[place].operation else { continue }
        convolution.border = .explicit(fix.fitting)
        layers[place].operation = .convolution(convolution)
        fixes.append(fix)
      }
      for input in concat.inputs { try restate(branch(input, size, layers) ?? [], layers) }
      return
    }
  }

  /// From the end of a branch to where its size is `size`, the places of its layers; nil where there is no such way that
  /// nothing else reads.
  private func branch(_ end: String, _ size: [Int], _ layers: [Layer]) -> [Int]? {
    var found: [Int] = []
    var name = end
    while let shape = shapes[name], [shape.height, shape.width] != size {
      guard readers[name, default: 0] == (found.isEmpty ? 0 : 1), found.count < ImportedShapes.searchLimit,
        let place = places[name], layers[place].inputs.count == 1
      else { return nil }
      found.append(place)
      name = layers[place].inputs[0]
    }
    return shapes[name] == nil ? nil : found
  }

  /// The convolutions of a branch that have to get another padding for it to end in `size`; nil where that does not help.
  private func misfits(_ end: String, _ size: [Int], _ layers: [Layer]) -> [(place: Int, fix: PaddingFix)]? {
    guard let places = branch(end, size, layers), let first = places.last,
      var shape = shapes[layers[first].inputs[0]]
    else { return nil }
    var found: [(place: Int, fix: PaddingFix)] = []
    for place in places.reversed() {
      var layer = layers[place]
      if let (fixed, fix) = ImportedShapes.keepingSize(layer, shape) {
        layer = fixed
        found.append((place, fix))
      }
      guard let next = try? inference.shape(of: layer, [shape]) else { return nil }
      shape = next
    }
    return [shape.height, shape.width] == size && !found.isEmpty ? found : nil
  }

  /// A convolution with the padding that keeps its input's size, where another padding is all that it lacks for that.
  private static func keepingSize(_ layer: Layer, _ input: Shape) -> (layer: Layer, fix: PaddingFix)? {
    guard case .convolution(var it) = layer.operation, it.weights.dims.count == 4, it.strideHeight == 1,
      it.strideWidth == 1, it.kernelHeight % 2 == 1, it.kernelWidth % 2 == 1, 1...1024 ~= it.dilationHeight,
      1...1024 ~= it.dilationWidth, it.kernelHeight <= 1024, it.kernelWidth <= 1024
    else { return nil }
    let original = it.padding(around: input)
    it.border = .same(extraFirst: false)
    let fitting = it.padding(around: input)
    guard original != fitting else { return nil }
    let fix = PaddingFix(
      layer: layer.name, kernelHeight: it.kernelHeight, kernelWidth: it.kernelWidth, original: original,
      fitting: fitting)
    it.border = .explicit(fitting)
    var fixed = layer
    fixed.operation = .convolution(it)
    return (fixed, fix)
  }

  /// Computes the shapes of a mended branch anew.
  private mutating func restate(_ branch: [Int], _ layers: [Layer]) throws(GoogLeNetError) {
    for place in branch.reversed() {
      let layer = layers[place]
      shapes[layer.name] = try inference.shape(of: layer, layer.inputs.compactMap { shapes[$0] })
      changed.insert(layer.name)
    }
  }

  private func misfit(_ concat: Layer, _ size: [Int], _ fixes: [PaddingFix]) -> GoogLeNetError {
    let joined = concat.inputs.compactMap { shapes[$0].map { "\($0.channels) x \($0.height) x \($0.width)" } }
    let reasons = fixes.map { fix in
      let made = shapes[fix.layer].map { ", so it makes \($0.height) x \($0.width)" } ?? ""
      return "the \(fix.subject) has padding \(fix.original.text)\(made); padding \(fix.fitting.text) would fit"
    }
    return GoogLeNetError(
      .invalidModel,
      "\(source): layer '\(concat.name)' cannot join \(joined.joined(separator: ", ")), which differ in height or width, so "
        + "this network cannot run: \(reasons.joined(separator: "; and ")) the \(size[0]) x \(size[1]) of the other "
        + "branches. --fix-padding converts it with that padding")
  }
}
