/// What it takes to compute a layer for one image. Numbers that 64 bits cannot hold are the largest one.
struct OperatorWork {
  /// Of convolutions and inner products.
  let multiplyAdds: UInt64
  /// A measure of time: multiply-adds, or how many values are read or written.
  let steps: UInt64

  init(multiplyAdds: UInt64, steps: UInt64) {
    self.multiplyAdds = multiplyAdds
    self.steps = steps
  }

  /// That of multiplying weights.
  init(multiplyAdds: UInt64) {
    self.init(multiplyAdds: multiplyAdds, steps: multiplyAdds)
  }
}
