/// The standard library's functions of these names, each once: those are copied to wherever a text is put together, which with
/// all its errors would make the core a fifth larger.
extension DefaultStringInterpolation {
  @inline(never)
  mutating func appendLiteral(_ text: String) { write(text) }

  @inline(never)
  mutating func appendInterpolation(_ text: String) { write(text) }

  @inline(never)
  mutating func appendInterpolation(_ text: StaticString) { write(text.description) }

  @inline(never)
  mutating func appendInterpolation(_ number: Int) { write(number.description) }

  @inline(never)
  mutating func appendInterpolation(_ number: UInt64) { write(number.description) }
}
