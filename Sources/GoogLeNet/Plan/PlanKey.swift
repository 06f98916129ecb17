/// What tells the plans of a session from each other.
struct PlanKey: Equatable {
  /// Of one image.
  let input: Shape
  /// The layers whose outputs it gives, in this order; −1 is the network's input.
  let outputs: [Int]
}
