import Conversion
import GoogLeNet

/// libFuzzer's entry for the importers: whatever the bytes are, conversion ends in a network that can be written, or in an error.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzImport(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  do throws(GoogLeNetError) {
    let result = try Converter.convert(
      bytes: UnsafeRawBufferPointer(start: data, count: size), named: "input", options: ConversionOptions())
    let written = try ModelWriter.serialize(result.network)
    guard let copy = HeapBlock(byteCount: written.count) else { return 0 }
    written.withUnsafeBytes { copy.mutableBytes.copyMemory(from: $0) }
    do throws(GoogLeNetError) { _ = try Model(memory: copy) } catch {
      fatalError("what the writer wrote, the reader refuses: \(error.message)")
    }
  } catch {
    guard error.status != .ok, !error.message.isEmpty else { fatalError("an error that says nothing") }
  }
  return 0
}
