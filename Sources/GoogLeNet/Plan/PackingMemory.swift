/// How much memory a model file and its packed weights take while the ones become the others, layer after layer. An upper bound:
/// every page of the file counts from the start, because loading reads all of it, until its layer is packed.
struct PackingMemory {
  private var fileBytes: Int
  private var packedBytes = 0
  /// What each layer holds while it is packed.
  private var held: [Int] = []
  private var mostAtOnce: Int
  private let threads: Int

  init(fileBytes: Int, threads: Int) {
    self.fileBytes = fileBytes
    self.threads = threads
    mostAtOnce = fileBytes
  }

  /// Packs one layer's weights.
  /// - Parameters:
  ///   - packed: bytes of the packed form.
  ///   - temporary: bytes of a copy that packing makes.
  ///   - dropped: bytes of the file that leave memory afterwards.
  mutating func pack(_ packed: Int, temporary: Int, dropped: Int) {
    packedBytes += packed
    mostAtOnce = max(mostAtOnce, fileBytes + packedBytes + temporary)
    fileBytes -= dropped
    held.append(dropped + temporary)
  }

  /// The most bytes at once. Each further thread holds one more layer whose pages have not left yet, the largest of all at worst.
  var peak: Int {
    let others = min(threads, held.count) - 1
    let order = AscendingOrder.indices(of: held.map { Int64($0) })
    return order.suffix(max(others, 0)).reduce(mostAtOnce) { $0 + held[$1] }
  }

  /// Bytes when all is packed.
  var final: Int { fileBytes + packedBytes }
}
