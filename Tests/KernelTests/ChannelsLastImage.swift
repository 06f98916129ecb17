/// An image in memory, pixel after pixel, as kernels take it.
protocol ChannelsLastImage {
  associatedtype Element

  var height: Int { get }
  var width: Int { get }
  var channels: Int { get }
  /// Elements from a pixel to the next, and from a row to the next.
  var pixelStride: Int { get }
  var rowStride: Int { get }
  /// The first element of the first pixel.
  var pointer: UnsafeMutablePointer<Element> { get }
}
