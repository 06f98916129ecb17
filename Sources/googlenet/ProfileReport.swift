import GoogLeNet

/// A profile for people and for programs, held against the machine's peak.
struct ProfileReport {
  private let session: Session
  private let profile: OperationProfile
  private let float32Peak: PeakSpeed
  /// For a session that computes in int8.
  private let int8Peak: PeakSpeed?

  init(_ session: Session, _ profile: OperationProfile) throws(GoogLeNetError) {
    self.session = session
    self.profile = profile
    float32Peak = try PeakSpeed(.float32, of: session)
    int8Peak = session.precision == .int8 ? try PeakSpeed(.int8, of: session) : nil
  }

  private func peak(_ row: OperationProfile.Row) -> Double {
    row.operation.precision == .int8 ? int8Peak?.value ?? .nan : float32Peak.value
  }

  private func names(_ operation: PlannedOperation) -> [String] {
    operation.layers.map { session.model.network.layers[$0].name }
  }

  // MARK: JSON

  var members: [(String, JSON)] {
    [
      ("total_ms", .number(profile.total)),
      ("peak_gflops", .number(float32Peak.value)),
      ("peak_int8_gops", int8Peak.map { .number($0.value) } ?? .null),
      ("operations", .array(profile.rows.map(json))),
    ]
  }

  private func json(_ row: OperationProfile.Row) -> JSON {
    let operation = row.operation
    let computes = operation.multiplyAdds > 0
    return .object([
      ("layers", .array(names(operation).map { .string($0) })),
      ("kind", .string("\(operation.kind)")),
      ("kernel", .string("\(operation.kernel)")),
      ("precision", .string(operation.precision.choiceName)),
      ("channels", .integer(operation.shape.channels)),
      ("height", .integer(operation.shape.height)),
      ("width", .integer(operation.shape.width)),
      ("median_ms", .number(row.median)),
      ("min_ms", .number(row.milliseconds.min() ?? .nan)),
      ("multiply_adds", .integer(Int(clamping: operation.multiplyAdds))),
      ("multiplications", .integer(Int(operation.multiplications))),
      ("gops", computes ? .number(row.speed) : .null),
      ("peak_share", computes ? .number(row.speed / peak(row)) : .null),
      ("reduced_peak_share", computes ? .number(row.reducedSpeed / peak(row)) : .null),
    ])
  }

  // MARK: Text

  var text: String {
    let head = [
      "layers", "kind", "kernel", "output", "ms", "time", session.precision == .int8 ? "GOP/s" : "GFLOP/s", "peak",
      "done",
    ]
    let total = [
      "total", "", "", "", Formatting.decimal(profile.total, 3), "", "", "", "",
    ]
    let table = Formatting.table(
      [head] + profile.rows.map(cells) + [total],
      [.left, .left, .left, .right, .right, .right, .right, .right, .right])
    return table + "\n" + notes.map { $0 + "\n" }.joined()
  }

  private func cells(_ row: OperationProfile.Row) -> [String] {
    let operation = row.operation
    let shape = operation.shape
    func percent(_ share: Double) -> String { Formatting.decimal(share * 100, 0) + " %" }
    let computes = operation.multiplyAdds > 0
    let mixed = session.precision == .int8 && operation.precision == .float32 && computes
    return [
      operation.layers.isEmpty ? "(input)" : ProfileReport.joined(names(operation)),
      "\(operation.kind)", "\(operation.kernel)" + (mixed ? ", float32" : ""),
      "\(shape.height)x\(shape.width)x\(shape.channels)", Formatting.decimal(row.median, 3),
      percent(row.median / profile.total), computes ? Formatting.decimal(row.speed, 0) : "",
      computes ? percent(row.speed / peak(row)) : "",
      operation.multiplications < operation.multiplyAdds ? percent(row.reducedSpeed / peak(row)) : "",
    ]
  }

  private var notes: [String] {
    let unit = session.precision == .int8 ? "GOP/s" : "GFLOP/s"
    var peaks = "\(Formatting.decimal(float32Peak.value, 0)) GFLOP/s in float32"
    if let int8Peak { peaks += ", \(Formatting.decimal(int8Peak.value, 0)) GOP/s in int8" }
    return [
      "ms       median for one image, the operation alone on \(session.threads == 1 ? "1 thread" : "\(session.threads) threads"); layers joined by + run as one",
      "\(unit.padded(to: 7))  of the convolution as it is defined, two for each multiply-add, whatever computes it",
      "peak     share of what a convolution in the fastest cache reached just now, times threads: \(peaks)",
      "done     the same for the multiplications that Winograd really does, its transforms not counted",
    ]
  }

  /// "inception_3a/3x3 + relu_3x3": what a name shares with the first, up to a slash, is left out.
  private static func joined(_ names: [String]) -> String {
    guard let first = names.first else { return "" }
    let folder = first.lastIndex(of: "/").map { first[...$0] } ?? ""
    let others = names.dropFirst().map { name in
      !folder.isEmpty && name.hasPrefix(folder) ? String(name.dropFirst(folder.count)) : name
    }
    return ([first] + others).joined(separator: " + ")
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
