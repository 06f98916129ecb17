import CForeignFormats
import GoogLeNet

/// An unpacked protobuf message of a foreign format, freed with the object.
final class ForeignMessage<Message> {
  let message: UnsafeMutablePointer<Message>
  private let budget: UnsafeMutablePointer<gln_budget>
  private let charge: ValueCharge

  typealias Unpack = (UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?) -> UnsafeMutablePointer<
    Message
  >?

  /// - Parameter what: how an error calls the message, as "a Caffe NetParameter".
  /// - Throws: also where a text in it contains a zero byte, at which it would be cut: two names could become one.
  init(_ file: InputFile, what: String, unpack: Unpack) throws(GoogLeNetError) {
    guard file.bytes.count < InputFile.sizeLimit else {
      throw file.unsupported("it has \(file.bytes.count) bytes: protobuf files are limited to 2 GiB")
    }
    budget = UnsafeMutablePointer<gln_budget>.allocate(capacity: 1)
    budget.initialize(to: gln_budget(left: file.budget.left, exhausted: 0, missing: 0))
    var allocator = gln_budget_allocator(budget)
    let bytes = file.bytes.bindMemory(to: UInt8.self)
    guard let message = unpack(&allocator, bytes.count, bytes.baseAddress) else {
      let (exhausted, missing) = (budget.pointee.exhausted != 0, budget.pointee.missing)
      budget.deallocate()
      if missing > 0 {
        throw file.budget.refusal(beyond: file.budget.left.addingReportingOverflow(missing).partialValue)
      }
      if exhausted { throw GoogLeNetError(.outOfMemory, "'\(file.name)': no memory to unpack it") }
      var fields = ProtobufMessage(file.bytes, refusal: "'\(file.name)': it is not \(what)")
      var count = 0
      while count < 1_000_000, try fields.next() != nil { count += 1 }
      throw fields.malformed("a message inside it is broken")
    }
    self.message = message
    let base = UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
    do throws(GoogLeNetError) {
      try ForeignTexts.check(file, base.pointee.descriptor)
      // Empty messages take far more than their two bytes in the file.
      charge = try file.budget.charge(file.budget.left - budget.pointee.left)
    } catch {
      protobuf_c_message_free_unpacked(UnsafeMutablePointer(mutating: base), &allocator)
      budget.deallocate()
      throw error
    }
  }

  deinit {
    var allocator = gln_budget_allocator(budget)
    UnsafeMutableRawPointer(message).withMemoryRebound(to: ProtobufCMessage.self, capacity: 1) {
      protobuf_c_message_free_unpacked($0, &allocator)
    }
    budget.deallocate()
  }
}

/// A C string of a message; "" where it is missing.
func text(_ characters: UnsafeMutablePointer<CChar>?) -> String {
  characters.map { String(cString: $0) } ?? ""
}

/// A repeated string field of a message.
func texts(_ count: Int, _ strings: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> [String] {
  UnsafeBufferPointer(start: strings, count: count).map { text($0) }
}
