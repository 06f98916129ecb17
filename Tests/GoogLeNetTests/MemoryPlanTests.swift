import Testing

@testable import GoogLeNet

@Suite struct MemoryPlanTests {
  @Test(arguments: 0..<20, [60, MemoryPlan.fewBlocks + 100])
  func blocksAliveTogetherNeverOverlap(seed: UInt64, count: Int) {
    var random = RandomNumbers(seed: seed)
    var plan = MemoryPlan()
    for _ in 0..<count {
      let first = Int.random(in: 0..<count * 2 / 3, using: &random)
      _ = plan.add(
        size: Int64.random(in: 1..<5000, using: &random), first: first,
        last: first + Int.random(in: 0..<8, using: &random))
    }
    plan.place()
    for left in plan.blocks.indices {
      #expect(plan.blocks[left].offset % 64 == 0)
      #expect(plan.blocks[left].offset + plan.blocks[left].size <= plan.size)
      for right in plan.blocks.indices where right > left {
        let one = plan.blocks[left]
        let other = plan.blocks[right]
        guard one.overlapsInTime(other) else { continue }
        #expect(one.offset + one.size <= other.offset || other.offset + other.size <= one.offset)
      }
    }
  }

  @Test func memoryIsReused() {
    var plan = MemoryPlan()
    for stage in 0..<10 { _ = plan.add(size: 1000, first: stage, last: stage + 1) }
    plan.place()
    #expect(plan.size == 2 * 1024)
  }

  @Test func memoryOfManyBlocksIsReused() {
    var plan = MemoryPlan()
    for stage in 0..<30_000 { _ = plan.add(size: 1000, first: stage, last: stage + 1) }
    plan.place()
    #expect(plan.size == 2 * 1024)
  }

  /// As many as make a sum that 63 bits do not hold.
  @Test(arguments: [100, 30_000]) func sumsBeyondAllNumbersStayTheLargest(count: Int) {
    var plan = MemoryPlan()
    for _ in 0..<count { _ = plan.add(size: 1 << 58, first: 0, last: 1) }
    plan.place()
    #expect(plan.size == .max)
  }
}
