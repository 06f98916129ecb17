/// A plan, and which outputs of which layers it gives.
struct KeyedPlan {
  let key: PlanKey
  let plan: Plan

  /// Where the plan leaves the output of a layer; nil where its key does not name it.
  func output(of layer: Int) -> Location? {
    guard let place = key.outputs.firstIndex(of: layer) else { return nil }
    return plan.outputs[place]
  }
}
