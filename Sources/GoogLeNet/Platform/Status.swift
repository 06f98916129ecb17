/// What became of a call; the values are those of `gln_status` in include/googlenet.h.
public enum Status: Int32, Sendable {
  case ok = 0
  case invalidArgument = 1
  case outOfMemory = 2
  case ioError = 3
  case invalidModel = 4
  case unsupportedVersion = 5
  case unsupported = 6
  case notFound = 7
  case bufferTooSmall = 8
  case backendUnavailable = 9
  case busy = 10
  case limitExceeded = 11
  case wrongProcess = 12
  case cancelled = 13
  case notFinite = 14
}
