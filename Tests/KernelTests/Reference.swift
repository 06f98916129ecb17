/// Expected values (pixel after pixel, channels innermost), and how far from them a result may be.
struct Reference {
  var values: [Double] = []
  var tolerances: [Double] = []

  mutating func append(_ value: Double, tolerance: Double) {
    values.append(value)
    tolerances.append(tolerance)
  }
}
