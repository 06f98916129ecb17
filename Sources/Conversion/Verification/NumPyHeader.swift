/// The header of an npy array: a Python dictionary of `descr`, `fortran_order` and `shape`.
struct NumPyHeader {
  private(set) var type = ""
  private(set) var isFortranOrdered = false
  private(set) var shape: [Int] = []

  /// What is wrong and at which byte of the array.
  struct Fault: Error {
    let what: String
    let offset: Int
  }

  private static let rankLimit = 32

  private let text: Slice<UnsafeRawBufferPointer>
  private var place: Int

  init(_ text: Slice<UnsafeRawBufferPointer>) throws(Fault) {
    self.text = text
    place = text.startIndex
    var keys: Set<String> = []
    try expect("{")
    while !take("}") {
      let key = try string()
      guard keys.insert(key).inserted else { throw fault("'\(key)' is there twice") }
      try expect(":")
      switch key {
      case "descr": type = try string()
      case "fortran_order": isFortranOrdered = try bool()
      case "shape": shape = try tuple()
      default: throw fault("'\(key)' is unknown")
      }
      if !take(",") {
        try expect("}")
        break
      }
    }
    guard keys.count == 3 else { throw fault("descr, fortran_order and shape are needed") }
    skipBlanks()
    guard place == text.endIndex else { throw fault("something follows the dictionary") }
  }

  private func fault(_ what: String) -> Fault { Fault(what: what, offset: place) }

  private mutating func skipBlanks() {
    while place < text.endIndex, text[place] == 0x20 || text[place] == 0x0A { place += 1 }
  }

  private mutating func take(_ word: StaticString) -> Bool {
    skipBlanks()
    let bytes = UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard text[place...].starts(with: bytes) else { return false }
    place += bytes.count
    return true
  }

  private mutating func expect(_ word: StaticString) throws(Fault) {
    guard take(word) else { throw fault("'\(word)' is missing") }
  }

  private mutating func bool() throws(Fault) -> Bool {
    if take("True") { return true }
    try expect("False")
    return false
  }

  private mutating func string() throws(Fault) -> String {
    let quote: UInt8
    if take("'") {
      quote = UInt8(ascii: "'")
    } else if take("\"") {
      quote = UInt8(ascii: "\"")
    } else {
      throw fault("a string is missing")
    }
    guard let end = text[place...].firstIndex(of: quote) else { throw fault("a string has no end") }
    defer { place = end + 1 }
    return String(decoding: text[place..<end], as: UTF8.self)
  }

  private mutating func tuple() throws(Fault) -> [Int] {
    var numbers: [Int] = []
    try expect("(")
    while !take(")") {
      guard numbers.count < NumPyHeader.rankLimit else { throw fault("more than \(NumPyHeader.rankLimit) dimensions") }
      numbers.append(try number())
      if !take(",") {
        try expect(")")
        break
      }
    }
    return numbers
  }

  private mutating func number() throws(Fault) -> Int {
    skipBlanks()
    let digits = text[place...].prefix { 0x30...0x39 ~= $0 }
    guard let number = Int(String(decoding: digits, as: UTF8.self)) else { throw fault("a number is missing") }
    place = digits.endIndex
    return number
  }
}
