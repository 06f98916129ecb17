/// Carries the number of vectors that are done side by side as a type.
enum Vectors<let count: Int> {}
