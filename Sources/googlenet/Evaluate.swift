import ArgumentParser
import Conversion
import GoogLeNet

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures how often a model is right.",
    discussion: """
      Classifies labelled pictures and reports top-1 and top-5 accuracy, in all and for each class. With --against, also \
      how far another model lies apart: the share of pictures with the same top-1 class, and the mean total variation \
      (half the summed differences) of the probabilities.

      The labels file has a line for each picture: its name in the folder and the index of its class, from 0.

      EXAMPLES
        googlenet evaluate bvlc.gln photos/ --labels photos/labels.txt
        googlenet evaluate bvlc-int8.gln photos/ --labels photos/labels.txt --against bvlc.gln --json
      """)

  @Argument(help: "The model file.", completion: .file(), transform: StandardStreams.input)
  var model: String

  @Argument(help: "The folder of the pictures.", completion: .directory)
  var folder: String

  @Option(
    help: "The text file of file names and class indices.", completion: .file(), transform: StandardStreams.input)
  var labels: String

  @Option(
    help: "Another model to compare with, of the same classes.", completion: .file(),
    transform: StandardStreams.input)
  var against: String?

  @OptionGroup var pictureArguments: PictureArguments

  @OptionGroup var sessionArguments: SessionArguments

  @Flag(help: "Print the figures as JSON.")
  var json = false

  /// The pictures of one class, or of all.
  private struct Tally {
    var count = 0
    var top1 = 0
    var top5 = 0

    var members: [(String, JSON)] {
      [("pictures", .integer(count)), ("top1", .number(share(top1))), ("top5", .number(share(top5)))]
    }

    func share(_ hits: Int) -> Double { Double(hits) / Double(max(count, 1)) }

    mutating func add(rank: Int) {
      count += 1
      top1 += rank == 0 ? 1 : 0
      top5 += rank < 5 ? 1 : 0
    }
  }

  func run() throws {
    let session = try Session(model: try Model(copying: model), options: sessionArguments.options)
    let other = try against.map { path in
      try Session(model: try Model(copying: path), options: sessionArguments.autoPrecision)
    }
    if let other, other.model.classCount != session.model.classCount {
      throw GoogLeNetError(
        .invalidArgument,
        "'\(model)' has \(session.model.classCount) classes and '\(against ?? "")' \(other.model.classCount): "
          + "only models of the same classes can be compared"
      )
    }
    let labelled = try LabelledPictures(path: labels, folder: folder, classCount: session.model.classCount)
    var total = Tally()
    var otherTotal = Tally()
    var classes = [Tally](repeating: Tally(), count: session.model.classCount)
    var comparison = ProbabilityComparison()
    var progress = ProgressBar("evaluating", total: labelled.pictures.count)
    defer { progress.clear() }
    for (path, classIndex) in labelled.pictures {
      let probabilities = try self.probabilities(path, session)
      let rank = Evaluate.rank(of: classIndex, in: probabilities)
      total.add(rank: rank)
      classes[classIndex].add(rank: rank)
      if let other {
        let reference = try self.probabilities(path, other)
        otherTotal.add(rank: Evaluate.rank(of: classIndex, in: reference))
        comparison.add(probabilities, reference)
      }
      progress.advance()
    }
    progress.clear()
    if json {
      var members: [(String, JSON)] = [("model", .string(model))] + SessionArguments.report(session) + total.members
      if let against {
        members += [
          ("against", .object([("model", .string(against))] + otherTotal.members)),
          ("agreement", .number(comparison.agreement)), ("total_variation", .number(comparison.totalVariation)),
        ]
      }
      let table = classes.indices.filter { classes[$0].count > 0 }.map { index in
        JSON.object(
          [("class_index", .integer(index)), ("label", .string(session.model.label(index)))] + classes[index].members)
      }
      try StandardStreams.print(JSON.object(members + [("classes", .array(table))]))
    } else {
      try StandardStreams.print(text(session.model, total, otherTotal, classes, comparison))
    }
  }

  private func text(
    _ model: Model, _ total: Tally, _ other: Tally, _ classes: [Tally], _ comparison: ProbabilityComparison
  ) -> String {
    func percent(_ share: Double) -> String { Formatting.percent(Float(share)) }
    let rows = classes.indices.filter { classes[$0].count > 0 }.map { index in
      let tally = classes[index]
      let label = model.label(index)
      return [
        label.isEmpty ? "class \(index)" : label, "\(tally.count)", percent(tally.share(tally.top1)),
        percent(tally.share(tally.top5)),
      ]
    }
    var lines = [
      ("pictures", "\(total.count)"), ("top-1", percent(total.share(total.top1))),
      ("top-5", percent(total.share(total.top5))),
    ]
    if let against {
      lines += [
        ("against", against), ("its top-1", percent(other.share(other.top1))),
        ("its top-5", percent(other.share(other.top5))), ("same top-1", percent(comparison.agreement)),
        ("total variation", Formatting.decimal(comparison.totalVariation, 4)),
      ]
    }
    let head = ["class", "pictures", "top-1", "top-5"]
    return Formatting.table([head] + rows, [.left, .right, .right, .right]) + "\n" + ModelReport.text(lines)
  }

  private func probabilities(_ path: String, _ session: Session) throws(GoogLeNetError) -> [Float] {
    let pixels = try PictureFolder.pixels(path, for: session, pictureArguments)
    var values = [Float](repeating: 0, count: session.model.classCount)
    let gray = session.model.network.preprocessing.channelOrder == .gray
    try pixels.withUnsafeBufferPointer { (bytes) throws(GoogLeNetError) in
      let batch = try Batch(.pixels(gray ? .gray : .rgb), data: bytes.baseAddress, count: 1)
      try values.withUnsafeMutableBufferPointer { (values) throws(GoogLeNetError) in
        try session.predict(batch, into: values)
      }
    }
    return values
  }

  /// How many classes come before this one when ordered by probability, ties by index.
  private static func rank(of classIndex: Int, in probabilities: [Float]) -> Int {
    let own = probabilities[classIndex]
    return probabilities.indices.count { index in
      probabilities[index] > own || (probabilities[index] == own && index < classIndex)
    }
  }
}
