import GoogLeNet

extension Array where Element: BitwiseCopyable {
  /// `withUnsafeBytes` with the core's typed error.
  func withRawBytes<Result>(_ body: (UnsafeRawBufferPointer) throws(GoogLeNetError) -> Result) throws(GoogLeNetError)
    -> Result
  {
    let result: Swift.Result<Result, GoogLeNetError> = withUnsafeBytes { bytes in
      do throws(GoogLeNetError) { return .success(try body(bytes)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}
