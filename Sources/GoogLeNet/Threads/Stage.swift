/// Tasks that do not depend on each other: their units may run at the same time.
struct Stage {
  let tasks: UnsafeBufferPointer<StageTask>
  let units: Int

  /// One of its tasks alone.
  func only(_ index: Int) -> Stage {
    Stage(tasks: UnsafeBufferPointer(rebasing: tasks[index...index]), units: tasks[index].units)
  }
}
