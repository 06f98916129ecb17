import CGoogLeNet

/// A caller's array of views.
struct CViews: ViewList {
  private let views: StructArray

  init(_ views: UnsafePointer<gln_view>, _ count: Int) throws(GoogLeNetError) {
    guard count != 0 else { throw GoogLeNetError(.invalidArgument, "view_count is 0: at least 1 is needed") }
    self.views = try StructArray(views, count, known: MemoryLayout<gln_view>.size, "views", "gln_view")
  }

  var count: Int { views.count }

  func name(of index: Int) -> String { "views[\(index)]" }

  func view(at index: Int) throws(GoogLeNetError) -> View {
    do throws(GoogLeNetError) {
      return try View(views.element(index, as: gln_view.self))
    } catch {
      throw error.within("views[\(index)].")
    }
  }
}

extension View {
  /// The view behind a caller's structure, whose size has been checked.
  /// - Throws: what begins with the member that is wrong.
  init(_ it: gln_view) throws(GoogLeNetError) {
    guard let picture = it.picture else { throw GoogLeNetError(.invalidArgument, "picture is NULL") }
    guard 0...1 ~= it.mirrored else {
      throw GoogLeNetError(.invalidArgument, "mirrored is \(it.mirrored): it must be 0 or 1")
    }
    guard let fit = Fit(rawValue: Int32(bitPattern: it.fit.rawValue)) else {
      throw Failure.unknown("fit", "gln_fit", it.fit.rawValue)
    }
    guard it.reserved == 0 else {
      throw GoogLeNetError(.invalidArgument, "reserved is \(it.reserved): it must be 0")
    }
    let isWhole = it.left == 0 && it.top == 0 && it.width == 0 && it.height == 0
    let box = Box(left: Int(it.left), top: Int(it.top), width: Int(it.width), height: Int(it.height))
    try self.init(
      try Picture(picture), box: isWhole ? nil : box, isMirrored: it.mirrored == 1, fit: fit, context: Int(it.context))
  }
}
