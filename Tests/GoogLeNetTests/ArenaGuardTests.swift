import CPlatform
import Testing

@testable import GoogLeNet

@Suite struct ArenaGuardTests {
  /// Only the address sanitizer's build poisons.
  @Test func onlyBytesOfLiveBlocksMayBeTouched() {
    var plan = MemoryPlan(gap: 64)
    let first = plan.add(size: 100, first: 0, last: 1)
    let second = plan.add(size: 1000, first: 1, last: 2)
    let third = plan.add(size: 100, first: 2, last: 3)
    plan.place()
    let size = Int(plan.size)
    let base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    defer { base.deallocate() }
    let guarded = ArenaGuard(base: base, memory: plan, stages: [0, 1, 2])
    func touchable() -> Set<Int> { Set((0..<size).filter { gln_is_poisoned(base + $0) == 0 }) }
    func bytes(of blocks: Int...) -> Set<Int> {
      if gln_poisons() == 0 { return Set(0..<size) }
      return blocks.reduce(into: []) { sum, index in
        let block = plan.blocks[index]
        sum.formUnion(Int(block.offset)..<Int(block.offset + block.bytes))
      }
    }
    for (step, blocks) in [
      bytes(of: first), bytes(of: first), bytes(of: first, second), bytes(of: second, third), bytes(of: third),
    ].enumerated() {
      guarded.enter(step: step)
      #expect(touchable() == blocks)
    }
    guarded.leave()
    #expect(touchable() == Set(0..<size))
  }
}
