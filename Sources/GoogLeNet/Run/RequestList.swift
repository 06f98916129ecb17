/// Requests, made when they are asked for, so that a caller's list need not be copied.
public protocol RequestList {
  /// At least 1.
  var count: Int { get }

  /// - Throws: where the request is none, or names no layer of the model.
  func request(at index: Int) throws(GoogLeNetError) -> Request

  /// What errors call the room that a request gives, and what the images: as "capacity is 10: 2 images need 1000 each".
  func shortage(at index: Int, capacity: Int, images: Int, rowLength: Int) -> String
}

extension Array: RequestList where Element == Request {
  public func request(at index: Int) throws(GoogLeNetError) -> Request { self[index] }
  public func shortage(at index: Int, capacity: Int, images: Int, rowLength: Int) -> String {
    "requests[\(index)].capacity is \(capacity): \(images) images need \(rowLength) each"
  }
}

/// The only request of a call that answers one.
extension CollectionOfOne: RequestList where Element == Request {
  public func request(at index: Int) throws(GoogLeNetError) -> Request { self[index] }
  public func shortage(at index: Int, capacity: Int, images: Int, rowLength: Int) -> String {
    "capacity is \(capacity): \(images) images need \(rowLength) floats each"
  }
}
