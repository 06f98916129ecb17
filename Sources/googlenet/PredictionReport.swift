import GoogLeNet

/// What the commands print of a classified picture.
struct PredictionReport {
  let path: String
  let predictions: [Prediction]
  let model: Model

  var text: String {
    let rows = predictions.map { prediction in
      let label = model.label(prediction.classIndex)
      return [
        " ", Formatting.percent(prediction.probability), label.isEmpty ? "class \(prediction.classIndex)" : label,
      ]
    }
    return "\(Terminal.visible(path))\n" + Formatting.table(rows, [.left, .right, .left])
  }

  var json: JSON {
    .object([
      ("file", .string(path)),
      (
        "predictions",
        .array(
          predictions.map {
            .object([
              ("class_index", .integer($0.classIndex)), ("label", .string(model.label($0.classIndex))),
              ("probability", .number($0.probability)),
            ])
          })
      ),
    ])
  }
}
