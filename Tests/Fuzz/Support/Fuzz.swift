import Conversion
import GoogLeNet

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

public typealias FuzzTarget = (UnsafeRawBufferPointer) throws(GoogLeNetError) -> Void

/// The main function of libFuzzer under its other name, for SwiftPM gives executables a main function of their own.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ callback: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

private nonisolated(unsafe) var target: FuzzTarget = { _ throws(GoogLeNetError) in }

/// What libFuzzer calls for each input.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  do throws(GoogLeNetError) { try target(UnsafeRawBufferPointer(start: data, count: size)) } catch {
    guard error.status != .ok, !error.message.isEmpty else { fatalError("an error that says nothing") }
  }
  return 0
}

/// The main function of a fuzz target. With `--seeds FOLDER` it writes the seeds, otherwise libFuzzer takes over with
/// its own arguments.
/// - Parameter body: whatever the bytes are, it must return or throw an error that says something.
public func fuzz(seeds: [[UInt8]], _ body: @escaping FuzzTarget) -> Never {
  if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "--seeds" {
    for (index, seed) in seeds.enumerated() {
      guard let file = fopen("\(CommandLine.arguments[2])/seed-\(index)", "w") else { fatalError("cannot write seeds") }
      guard fwrite(seed, 1, seed.count, file) == seed.count, fclose(file) == 0 else { fatalError("cannot write seeds") }
    }
    exit(0)
  }
  target = body
  var argumentCount = CommandLine.argc
  var arguments = CommandLine.unsafeArgv
  exit(runDriver(&argumentCount, &arguments) { testOneInput($0, $1) })
}

/// Converts a file called "input"; what comes out is written and read back, its ONNX form too, and every error names the
/// file.
public func convertAndReload(_ bytes: UnsafeRawBufferPointer, options: ConversionOptions = ConversionOptions())
  throws(GoogLeNetError)
{
  var options = options
  // Either way has to be safe.
  options.fixesPadding = bytes.count % 2 == 1
  try convertAndReload(naming: options.prototxtPath ?? "'input'", options) { (options) throws(GoogLeNetError) in
    try Converter.convert(bytes: bytes, named: "input", options: options)
  }
}

/// - Parameter name: what errors name, or "'input'".
public func convertAndReload(
  naming name: String, _ options: ConversionOptions = ConversionOptions(),
  _ convert: (ConversionOptions) throws(GoogLeNetError) -> ConversionResult
) throws(GoogLeNetError) {
  let result: ConversionResult
  do throws(GoogLeNetError) { result = try convert(options) } catch {
    guard error.message.contains(name) || error.message.contains("'input'") else {
      fatalError("an error that does not name the file: \(error.message)")
    }
    throw error
  }
  let written = try ModelWriter.serialize(result.network)
  let model: Model
  do throws(GoogLeNetError) { model = try Model(memory: try block(written)) } catch {
    fatalError("what the writer wrote, the reader refuses: \(error.message)")
  }
  let exported = try block(try ONNXExporter.serialize(model))
  do throws(GoogLeNetError) {
    _ = try Converter.convert(bytes: exported.bytes, named: "exported", options: ConversionOptions())
  } catch {
    guard error.status == .unsupported else { fatalError("what was exported is refused: \(error.message)") }
  }
}

private func block(_ bytes: [UInt8]) throws(GoogLeNetError) -> HeapBlock {
  guard let block = HeapBlock(byteCount: bytes.count) else { throw GoogLeNetError(.outOfMemory, "no memory") }
  bytes.withUnsafeBytes { block.mutableBytes.copyMemory(from: $0) }
  return block
}
