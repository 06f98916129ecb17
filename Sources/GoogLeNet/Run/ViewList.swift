/// Views of pictures, made when they are asked for, so that a caller's list need not be copied.
public protocol ViewList {
  /// At least 1.
  var count: Int { get }

  /// - Throws: where the view is none.
  func view(at index: Int) throws(GoogLeNetError) -> View

  /// What errors call a view.
  func name(of index: Int) -> String
}

extension Array: ViewList where Element == View {
  public func view(at index: Int) throws(GoogLeNetError) -> View { self[index] }
  public func name(of index: Int) -> String { "views[\(index)]" }
}

/// The only view of a call that takes one picture.
extension CollectionOfOne: ViewList where Element == View {
  public func view(at index: Int) throws(GoogLeNetError) -> View { self[index] }
  public func name(of index: Int) -> String { "image 0" }
}
