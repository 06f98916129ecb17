import CKernels
import Glibc
import Testing

@Suite struct SoftmaxTests {
  @Test(arguments: KernelTier.available, Array(1...70) + [1000, 1001, 1008])
  func softmax(tier: KernelTier, count: Int) {
    for scale in [Float(0.01), 1, 20, 300] {
      for inPlace in [false, true] { check(tier, count, scale: scale, inPlace: inPlace) }
    }
  }

  private func check(_ tier: KernelTier, _ count: Int, scale: Float, inPlace: Bool) {
    var random = Random(seed: 5)
    let input = Activation(height: 1, width: 1, channels: count)
    input.fill(&random, scale: scale)
    let output = inPlace ? input : Activation(height: 1, width: 1, channels: count)
    let values = (0..<count).map { Double(input[0, 0, $0]) }
    let largest = values.max() ?? 0
    let exponentials = values.map { exp($0 - largest) }
    let sum = exponentials.reduce(0, +)
    var reference = Reference()
    for (value, exponential) in zip(values, exponentials) {
      // The difference to the largest is rounded before the exponential; the smallest may be rounded to zero.
      let relative = 6e-7 + 6e-8 * (largest - value)
      reference.append(exponential / sum, tolerance: relative * exponential / sum + 1e-37)
    }
    let arguments = gln_f32_softmax(input: input.pointer, output: output.pointer, count: Int32(count))
    #expect(runUnits(tier.table.f32_softmax, arguments, counts: [1], &random))
    output.expect(reference)
  }

  /// A quantized network's probabilities are the same bits everywhere.
  @Test(arguments: KernelTier.available, Array(1...70) + [1000, 1001, 1008])
  func everyTierGivesTheSameBits(tier: KernelTier, count: Int) {
    for scale in [Float(0.01), 1, 20, 300] {
      var random = Random(seed: 7)
      let input = Activation(height: 1, width: 1, channels: count)
      input.fill(&random, scale: scale)
      let outputs = [KernelTier.portable, tier].map { tier in
        let output = Activation(height: 1, width: 1, channels: count)
        let arguments = gln_f32_softmax(input: input.pointer, output: output.pointer, count: Int32(count))
        #expect(runUnits(tier.table.f32_softmax, arguments, counts: [1], &random))
        return output
      }
      #expect(outputs[1].hasSameBits(as: outputs[0]), "scale \(scale)")
    }
  }

  /// A network that computed NaN must not look like one that is sure.
  @Test(arguments: KernelTier.available, [0, 7, 16, 99])
  func notANumberStays(tier: KernelTier, place: Int) {
    var random = Random(seed: 6)
    let input = Activation(height: 1, width: 1, channels: 100)
    input.fill(&random)
    input[0, 0, place] = .nan
    let output = Activation(height: 1, width: 1, channels: 100)
    let arguments = gln_f32_softmax(input: input.pointer, output: output.pointer, count: 100)
    #expect(runUnits(tier.table.f32_softmax, arguments, counts: [1], &random))
    #expect((0..<100).allSatisfy { output[0, 0, $0].isNaN })
  }
}
