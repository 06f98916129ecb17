import CPlatform

/// In a build with the address sanitizer, what ends the process when a kernel touches a byte of the arena that belongs to no
/// block alive in its stage. In others it is empty and does nothing.
struct ArenaGuard {
  /// Bytes between two blocks.
  static var gap: Int64 { gln_poisons() != 0 ? 64 : 0 }

  private let base: UnsafeMutableRawPointer
  private let memory: MemoryPlan
  /// For each step of a run the stage of the memory plan.
  private let stages: [Int]

  /// - Parameter stages: those in which something runs.
  init(base: UnsafeMutableRawPointer, memory: MemoryPlan, stages: [Int]) {
    self.base = base
    self.memory = gln_poisons() != 0 ? memory : MemoryPlan()
    self.stages = gln_poisons() != 0 ? [0] + stages + [(stages.last ?? 0) + 1] : []
  }

  /// Step 0 fills the network's input, the stages that run follow, and the last reads the outputs.
  func enter(step: Int) {
    guard gln_poisons() != 0 else { return }
    let stage = stages[step]
    gln_poison(base, Int(memory.size))
    for block in memory.blocks where block.first <= stage && stage <= block.last {
      gln_unpoison(base + Int(block.offset), Int(block.bytes))
    }
  }

  /// Before the arena is given back.
  func leave() {
    gln_unpoison(base, Int(memory.size))
  }
}
