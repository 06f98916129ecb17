/// The only error that the core throws: a status and a sentence that says what was wrong, where, and what would be right.
public struct GoogLeNetError: Error, Sendable {
  public let status: Status
  public let message: String

  public init(_ status: Status, _ message: String) {
    self.status = status
    self.message = message
  }
}
