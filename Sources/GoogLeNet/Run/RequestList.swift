/// Requests, made when they are asked for, so that a caller's list need not be copied.
public protocol RequestList {
  /// At least 1.
  var count: Int { get }

  /// - Throws: where the request is none, or names no layer of the model.
  func request(at index: Int) throws(GoogLeNetError) -> Request

  /// What errors say of a request with too little room, in the caller's names: as "capacity is 10: 2000 are needed, 1000 an image".
  func shortage(at index: Int, capacity: Int, needed: Int, rowLength: Int) -> String
}

extension Array: RequestList where Element == Request {
  public func request(at index: Int) throws(GoogLeNetError) -> Request { self[index] }
  public func shortage(at index: Int, capacity: Int, needed: Int, rowLength: Int) -> String {
    "requests[\(index)].capacity is \(capacity): \(needed) are needed, \(rowLength) an image"
  }
}

/// The only request of a call that answers one.
extension CollectionOfOne: RequestList where Element == Request {
  public func request(at index: Int) throws(GoogLeNetError) -> Request { self[index] }
  public func shortage(at index: Int, capacity: Int, needed: Int, rowLength: Int) -> String {
    "capacity is \(capacity) floats: \(needed) are needed, \(rowLength) an image"
  }
}
