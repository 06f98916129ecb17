import ArgumentParser
import GoogLeNet
import ImageFiles

struct Classify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what is in pictures.",
    discussion: """
      Reads JPEG and PNG files of at most \(Picture.sideLimit) pixels a side and \
      \(PictureFile.pixelLimit / 1_000_000) million in all. A picture is turned as its EXIF orientation says, resized \
      by the model's rule ('googlenet info' tells it, docs/pictures.md explains it), and its centre is cut out. \
      Transparency is dropped.

      A picture that cannot be read is told on standard error; the others are classified all the same, and the exit \
      status is 1.

      EXAMPLES
        googlenet classify photo.jpg         by the bundled model (clothing)
        googlenet classify --model bvlc.gln --top 3 *.jpg
        googlenet classify --model bvlc.gln --json photo.png
      """)

  @Argument(help: "JPEG or PNG files.", completion: .file(), transform: StandardStreams.input)
  var images: [String]

  @Option(
    help: "The model file; the bundled one if left out.", completion: .file(), transform: StandardStreams.input)
  var model: String?

  @Option(help: "How many classes to print of each picture, the likeliest first.")
  var top = 5

  @OptionGroup var pictureArguments: PictureArguments

  @OptionGroup var sessionArguments: SessionArguments

  @Flag(help: "Print the results as JSON.")
  var json = false

  func validate() throws {
    guard top > 0 else { throw ValidationError("--top is \(top): at least 1 is needed") }
  }

  func run() throws {
    let loaded = try Model(copying: model ?? BundledModel.path())
    let session = try Session(model: loaded, options: sessionArguments.options)
    let count = min(top, loaded.classCount)
    var results: [JSON] = []
    var failures = 0
    var progress = ProgressBar("classifying", total: images.count)
    for path in images {
      var text = ""
      do throws(GoogLeNetError) {
        let picture = try PictureFile(path: path)
        let oriented = pictureArguments.exifOrientation
        let predictions = try picture.withPicture(applyingOrientation: oriented) { (image) throws(GoogLeNetError) in
          try session.classify(image, count: count)
        }
        let report = PredictionReport(path: path, predictions: predictions, model: loaded)
        if json {
          results.append(report.json)
        } else {
          text = report.text
        }
      } catch {
        progress.clear()
        Terminal.complain(error)
        if json { results.append(.object([("file", .string(path)), ("error", .string(error.message))])) }
        failures += 1
      }
      if !text.isEmpty {
        progress.clear()
        try StandardStreams.print(text)
      }
      progress.advance()
    }
    progress.clear()
    if json {
      try StandardStreams.print(JSON.object(SessionArguments.report(session) + [("images", .array(results))]))
    }
    if failures > 0 { throw ExitCode.failure }
  }
}
