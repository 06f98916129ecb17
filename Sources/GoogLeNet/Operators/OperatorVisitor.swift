/// Something that is done with whatever operator an `Operation` holds.
protocol OperatorVisitor {
  associatedtype Result
  associatedtype Failure: Error

  mutating func visit(_ it: some Operator) throws(Failure) -> Result
}
