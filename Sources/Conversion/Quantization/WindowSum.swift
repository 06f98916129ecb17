import GoogLeNet

/// The Gram matrix of a convolution's input windows over many pictures.
final class WindowSum {
  let gram: GramMatrix
  private let geometry: WindowGeometry
  private let limit: Int
  private let windows: HeapBlock

  /// - Parameter limit: windows of each picture.
  init(_ geometry: WindowGeometry, limit: Int) throws(GoogLeNetError) {
    self.geometry = geometry
    self.limit = limit
    gram = try GramMatrix(size: geometry.size)
    guard let windows = HeapBlock(byteCount: gram.stride * limit * 4) else {
      throw GoogLeNetError(.outOfMemory, "no memory for windows of \(geometry.size) values")
    }
    self.windows = windows
  }

  /// Adds windows of the picture that `source` has loaded.
  func add(_ source: WindowSource, picture: Int, _ team: WorkTeam) {
    guard let start = windows.mutableBytes.assumingMemoryBound(to: Float.self).baseAddress else { return }
    let added = source.copyWindows(geometry, picture: picture, limit: limit, stride: gram.stride, to: start)
    gram.add(start, count: added, team)
  }
}
