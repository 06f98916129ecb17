import CModelFormat
import Conversion
import Testing

@testable import GoogLeNet

/// googlenet.proto says what the reader and the writer do, neither of which uses protobuf-c.
@Suite struct ModelFormatTests {
  @Test func filesAreAsTheProtoSays() throws {
    var kinds: Set<String> = []
    var entries = 0
    for seed in 0..<200 {
      var choices = Choices(seed: UInt64(seed))
      let network = NetworkGenerator.network(&choices).network
      kinds.formUnion(network.layers.map { "\($0.operation.kind)" })
      let file = try ModelWriter.serialize(network)
      let model = try #require(googlenet__model__unpack(nil, file.count, file))
      defer { googlenet__model__free_unpacked(model, nil) }
      #expect(hasUnknownFields(UnsafeRawPointer(model)) == false, "seed \(seed)")
      #expect(model.pointee.n_layers == network.layers.count)
      #expect(model.pointee.n_metadata == network.metadata.count)
      entries += network.metadata.count

      // The magic number, and the fields before the checksum in the order of their numbers.
      #expect(file.starts(with: [0x89, 0x01] + "GLNMODEL".utf8), "seed \(seed)")
      #expect(model.pointee.magic == ModelMagic.value)
      model.pointee.magic = 0
      model.pointee.checksum = 0
      let weights = model.pointee.weights
      let padding = model.pointee.padding
      model.pointee.weights = ProtobufCBinaryData()
      model.pointee.padding = ProtobufCBinaryData()
      var fields = [UInt8](repeating: 0, count: googlenet__model__get_packed_size(model))
      googlenet__model__pack(model, &fields)
      #expect(file.dropFirst(10).starts(with: fields), "seed \(seed)")
      model.pointee.weights = weights
      model.pointee.padding = padding
    }
    #expect(kinds.count == Operation.fieldNumbers.count, "\(kinds)")
    #expect(entries > 0)
  }

  /// Whether the message or one in it has fields that its descriptor does not know.
  private func hasUnknownFields(_ message: UnsafeRawPointer) -> Bool {
    let base = message.assumingMemoryBound(to: ProtobufCMessage.self).pointee
    guard base.n_unknown_fields == 0 else { return true }
    let descriptor = base.descriptor.pointee
    for field in UnsafeBufferPointer(start: descriptor.fields, count: Int(descriptor.n_fields))
    where field.type == PROTOBUF_C_TYPE_MESSAGE {
      let place = message + Int(field.offset)
      if field.label == PROTOBUF_C_LABEL_REPEATED {
        let count = message.load(fromByteOffset: Int(field.quantifier_offset), as: Int.self)
        guard count > 0 else { continue }
        let messages = place.load(as: UnsafePointer<UnsafeRawPointer>.self)
        for message in UnsafeBufferPointer(start: messages, count: count) where hasUnknownFields(message) {
          return true
        }
      } else {
        let isChosen =
          field.flags & UInt32(PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue) == 0
          || message.load(fromByteOffset: Int(field.quantifier_offset), as: UInt32.self) == field.id
        if isChosen, let inner = place.load(as: UnsafeRawPointer?.self), hasUnknownFields(inner) { return true }
      }
    }
    return false
  }
}
