/// Decisions drawn from bytes: those that a fuzzer mutates, or those of a seed. Once the bytes have run out every byte is 0,
/// with which loops end and the plainest case is chosen.
struct Choices {
  private let bytes: [UInt8]
  private var next = 0

  init(_ bytes: some Sequence<UInt8>) { self.bytes = [UInt8](bytes) }

  init(seed: UInt64) { self.init(Self.bytes(seed: seed)) }

  /// The bytes of a seed: the same decisions for a fuzzer to begin with.
  static func bytes(seed: UInt64, count: Int = 1024) -> [UInt8] {
    var random = RandomNumbers(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next() >> 32) }
  }

  var isAtEnd: Bool { next == bytes.count }

  mutating func byte() -> UInt8 {
    guard next < bytes.count else { return 0 }
    defer { next += 1 }
    return bytes[next]
  }

  /// A number of the range, from one byte where that is enough, otherwise from two.
  mutating func number(_ range: ClosedRange<Int>) -> Int {
    var value = Int(byte())
    if range.count > 256 { value = value << 8 | Int(byte()) }
    return range.lowerBound + value % range.count
  }

  /// Never true once the bytes have run out.
  mutating func chance(_ percent: Int) -> Bool { Int(byte()) * 100 >= (100 - percent) * 256 }

  mutating func pick<Item>(_ items: [Item]) -> Item { items[number(0...items.count - 1)] }

  /// A value between the bounds, in 256 steps.
  mutating func real(_ range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * Float(byte()) / 255
  }

  mutating func shuffled<Item>(_ items: [Item]) -> [Item] {
    var items = items
    for index in items.indices.dropFirst() { items.swapAt(index, number(0...index)) }
    return items
  }

  /// Many numbers that need no bytes of their own.
  mutating func randomNumbers() -> RandomNumbers {
    RandomNumbers(seed: UInt64(byte()) << 8 | UInt64(byte()))
  }
}
