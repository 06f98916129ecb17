import ArgumentParser
import Conversion
import GoogLeNet
import ImageFiles

struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turns a trained file into a model.",
    discussion: """
      Reads Caffe (.caffemodel, current and legacy form), ONNX (opset 7 to 22), PyTorch (.pt, .pth, .safetensors: the \
      state of torchvision's googlenet, of one with true 5x5 branches or without BatchNorm, or TorchScript of these), \
      Keras (.keras, .h5: whole models, functional or sequential), TensorFlow (frozen .pb, SavedModel folders) and TFLite \
      (.tflite), told apart by their content. \
      What the file does not say about its pixels is assumed as is usual for its source, and printed: check it.

      A network whose 5x5 convolutions have padding 1 cannot run, for their branches cannot be joined with the others: it \
      is refused with the layer's name, and converted with padding 2 by --fix-padding. State dicts do not tell padding: \
      they are converted with half of each kernel.

      The network sees (pixel - mean) x scale, pixels 0 to 255, in the network's own channel order.

      What the trained file says of itself (ONNX's metadata_props, doc_string and producer, safetensors' __metadata__, what \
      TFLite and Keras files tell) is kept in the model as metadata, texts under keys. These have a meaning: licence and \
      source of the weights, accuracy, description, source_producer (what wrote the trained file) and synsets, the WordNet \
      ids of the classes, one a line, which come from --labels where each label has one.

      EXAMPLES
        googlenet convert bvlc.caffemodel --labels synset_words.txt --resize-rule square-plain -o bvlc.gln
        googlenet convert weights.caffemodel --prototxt deploy.prototxt -o my.gln
        googlenet convert model.onnx --channel-order rgb --mean 127.5 -o my.gln
        googlenet convert checkpoint.pt --weights float16 -o small.gln
        googlenet convert torchvision.safetensors --transform-input yes -o my.gln
        googlenet convert scripted.pt --fix-padding -o my.gln
        googlenet convert model.keras --scale 0.00392157 -o my.gln
        googlenet convert checkpoint.pt --metadata licence=Apache-2.0 --metadata accuracy="69.8 % top-1" -o my.gln
        googlenet convert checkpoint.pt --verify reference.npz --check photo.jpg -o my.gln

      A reference for --verify is a NumPy archive of float32 arrays: numpy.savez(path, input=x, output=y), where y is \
      what the network's own framework gives for x, already normalized, as probabilities or logits.
      """)

  @Argument(help: "The trained file.", completion: .file(), transform: StandardStreams.input)
  var input: String

  @Option(
    name: .shortAndLong, help: "The model file to write; replaced as a whole if it exists.", completion: .file(),
    transform: StandardStreams.output)
  var output: String

  @Option(
    help: "Caffe: a network description to use instead of the one in the weights file.", completion: .file(),
    transform: StandardStreams.input)
  var prototxt: String?

  @Option(
    help: "Caffe: a mean image (mean.binaryproto), reduced to a mean a channel; instead of --mean.",
    completion: .file(), transform: StandardStreams.input)
  var meanFile: String?

  @Option(
    help: "PyTorch: whether the network was trained with torchvision's transform_input (default: as told, or no).")
  var transformInput: Choice<Answer>?

  @Flag(
    help: """
      Where the padding of 5 x 5 or other convolutions makes their branch another size than those that it is joined with, \
      give them the padding that keeps the size, instead of refusing the network, which cannot run as it is.
      """)
  var fixPadding = false

  @Option(
    help: """
      The labels in the order of the classes: a text file with one a line (synset_words.txt too), or JSON: a list, an \
      object by class number, a config.json with id2label.
      """, completion: .file(), transform: StandardStreams.input)
  var labels: String?

  @Option(help: "What is subtracted from pixels: a number a channel with commas between, or one for all.")
  var mean: NumberList?

  @Option(help: "What they are then multiplied by: a number a channel with commas between, or one for all.")
  var scale: NumberList?

  @Option(help: "The order of the network's input channels.")
  var channelOrder: Choice<Preprocessing.ChannelOrder>?

  @Option(help: "The size of the network's input in pixels: N, or HxW.")
  var inputSize: InputSize?

  @Option(
    help: """
      How pictures are resized and cut: see docs/pictures.md. By default torchvision where the network is told to be \
      torchvision's own, else short-side.
      """)
  var resizeRule: Choice<Preprocessing.ResizeRule>?

  @Option(
    help: """
      How trained values are stored; int8 has one scale for each output channel. By default float32, and the \
      integers of a file that is quantized.
      """)
  var weights: Choice<ElementType>?

  @Flag(
    help: """
      ONNX external data and SavedModels: read files that the model refers to even where they are links out of its \
      folder, as in caches that are made of links.
      """)
  var followLinks = false

  @Option(
    help: ArgumentHelp(
      """
      The most memory that all values made of the file may take at a time (default: 64 MiB, and 8 times the size of \
      the file and those that it refers to).
      """, valueName: "MiB"))
  var memoryLimit: Int?

  @Option(help: "The model's name; by default the one in the trained file.")
  var name: String?

  @Option(
    help: ArgumentHelp(
      """
      A text to keep in the model under a key, instead of what the trained file says; nothing after the = leaves that \
      out. May be repeated. Keys have 1 to \(ModelLimits.metadataKeyBytes) bytes, texts at most \
      \(ModelLimits.metadataValueBytes).
      """, valueName: "key=text"))
  var metadata: [MetadataArgument] = []

  @Option(
    help: "A NumPy archive (.npz) of an input and the output expected for it; where they differ, nothing is written.",
    completion: .file(extensions: ["npz"]), transform: StandardStreams.input)
  var verify: String?

  @Option(help: "How far each value may lie from what --verify expects.")
  var tolerance: Float = 1e-4

  @Option(
    help: "A JPEG or PNG file: print its five likeliest classes.", completion: .file(),
    transform: StandardStreams.input)
  var check: String?

  @OptionGroup var pictureArguments: PictureArguments

  @Flag(help: "Print the result as JSON.")
  var json = false

  @Argument(help: .hidden)
  var others: [String] = []

  func validate() throws {
    if let memoryLimit, !(1...Int.max >> 20 ~= memoryLimit) {
      throw ValidationError("--memory-limit is \(memoryLimit) MiB: 1 to \(Int.max >> 20) are possible")
    }
    guard tolerance >= 0 else { throw ValidationError("--tolerance is \(tolerance): at least 0 is possible") }
    // Bytes that are not UTF-8 can name files only.
    guard name?.unicodeScalars.contains(where: { PathText.byte(of: $0) != nil }) != true else {
      throw ValidationError("--name '\(name ?? "")' is not UTF-8 text")
    }
    for it in metadata
    where "\(it.entry.key)\(it.entry.value)".unicodeScalars.contains(where: { PathText.byte(of: $0) != nil }) {
      throw ValidationError("--metadata '\(it.entry.key)=\(it.entry.value)' is not UTF-8 text")
    }
  }

  /// Not a matter of `validate`, which comes before options that do not exist are complained of.
  private func refuseOthers() throws {
    guard !others.isEmpty else { return }
    let advice = mean == nil && scale == nil ? "" : "; --mean and --scale take numbers with commas: 104,117,123"
    throw ValidationError("unexpected beside the trained file '\(input)': \(others.joined(separator: " "))\(advice)")
  }

  func run() throws {
    try refuseOthers()
    var file = try OutputFile(
      output, madeFrom: [input] + [prototxt, meanFile, labels, verify, check].compactMap { $0 })
    var options = ConversionOptions()
    let labelled = try labels.map { (path) throws(GoogLeNetError) in try LabelsFile.read(path: path) }
    options.labels = labelled?.labels
    options.synsets = labelled?.synsets
    options.metadata = metadata.map(\.entry)
    options.mean = mean?.values
    options.scale = scale?.values
    options.channelOrder = channelOrder?.value
    options.inputSize = inputSize.map { ($0.height, $0.width) }
    options.resizeRule = resizeRule?.value
    options.prototxtPath = prototxt
    options.meanImagePath = meanFile
    options.transformInput = transformInput.map { $0.value == .yes }
    options.fixesPadding = fixPadding
    options.weightStorage = weights?.value
    options.name = name
    options.followsLinks = followLinks
    options.memoryLimit = memoryLimit.map { $0 << 20 }
    // Read before anything is written, as all that can fail.
    let reference = try verify.map { (path) throws(GoogLeNetError) in
      try ReferenceOutputs.read(path: path, memoryLimit: options.memoryLimit)
    }
    let picture = try check.map { (path) throws(GoogLeNetError) in try PictureFile(path: path) }
    let result = try Converter.convert(path: input, options: options)
    file.refuse(replacing: result)
    let model = try Model(network: result.network)
    let comparison = try reference.map { (reference) throws(GoogLeNetError) in try compare(model, result, reference) }
    let predictions = try predictions(model, picture)
    let count = try ModelWriter.write(result.network, to: file)
    let report = ModelReport(model: model, path: output, fileBytes: count)
    if json {
      let members = Convert.members(result, comparison) + report.members + Convert.members(predictions)
      try StandardStreams.print(JSON.object(members), beside: file)
    } else {
      let checked = predictions.map { "\n" + $0.text } ?? ""
      try StandardStreams.print(text(result, comparison, report) + checked, beside: file)
    }
  }

  /// - Throws: `invalidArgument` where the model lies further from the reference than is tolerated.
  private func compare(_ model: Model, _ result: ConversionResult, _ reference: ReferenceOutputs) throws(GoogLeNetError)
    -> ReferenceComparison
  {
    let comparison = try ReferenceComparison(model, of: result, reference)
    guard comparison.largestDifference <= tolerance else {
      throw GoogLeNetError(
        .invalidArgument,
        "\(verify ?? ""): beyond the tolerance of \(tolerance), \(Convert.text(comparison)): \(output) was not written. Was "
          + "the reference made from the same weights, in inference mode, with a normalized input? Rounded --weights need "
          + "a larger --tolerance")
    }
    return comparison
  }

  private func predictions(_ model: Model, _ picture: PictureFile?) throws(GoogLeNetError) -> PredictionReport? {
    guard let picture, let check else { return nil }
    var options = SessionOptions()
    if let memoryLimit { options.memoryLimit = max(options.memoryLimit, UInt64(memoryLimit) << 20) }
    let session = try Session(model: model, options: options)
    let oriented = pictureArguments.exifOrientation
    let predictions = try picture.withPicture(applyingOrientation: oriented) { (image) throws(GoogLeNetError) in
      try session.classify(image, count: min(5, model.classCount))
    }
    return PredictionReport(path: check, predictions: predictions, model: model)
  }

  private func text(_ result: ConversionResult, _ comparison: ReferenceComparison?, _ report: ModelReport) -> String {
    var lines = [("source", "\(result.source)")] + report.lines + [("assumed", result.preprocessingReason)]
    if let comparison { lines.append(("verified", Convert.text(comparison))) }
    lines += result.notes.enumerated().map { ($0.offset == 0 ? "notes" : "", $0.element) }
    return ModelReport.text(lines)
  }

  private static func text(_ comparison: ReferenceComparison) -> String {
    "\(comparison.output.choiceName) differ by at most \(comparison.largestDifference), the likeliest class is the same "
      + "for \(comparison.sameTop1) of \(comparison.images) images"
  }

  private static func members(_ result: ConversionResult, _ comparison: ReferenceComparison?) -> [(String, JSON)] {
    let verified = comparison.map {
      JSON.object([
        ("output", .string($0.output.choiceName)), ("images", .integer($0.images)),
        ("largest_difference", .number($0.largestDifference)), ("same_top1", .integer($0.sameTop1)),
      ])
    }
    return [
      ("source", .string("\(result.source)")), ("preprocessing_reason", .string(result.preprocessingReason)),
      ("padding_fixes", .array(result.paddingFixes.map(json))),
      ("notes", .array(result.notes.map { .string($0) })), ("verified", verified ?? .null),
    ]
  }

  private static func json(_ fix: PaddingFix) -> JSON {
    func sides(_ it: Padding) -> JSON { .array([it.top, it.left, it.bottom, it.right].map { .integer($0) }) }
    return .object([
      ("layer", .string(fix.layer)), ("kernel", .array([.integer(fix.kernelHeight), .integer(fix.kernelWidth)])),
      ("original", sides(fix.original)), ("fitting", sides(fix.fitting)),
    ])
  }

  private static func members(_ predictions: PredictionReport?) -> [(String, JSON)] {
    [("check", predictions?.json ?? .null)]
  }
}
