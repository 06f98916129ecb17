import GoogLeNet

@testable import FuzzSupport

// Valid networks made of the bytes, run in settings that the rest of the bytes choose: whatever the network, they must agree.
// A seed's network is that of the same seed in RandomNetworkTests, but smaller.

fuzz(seeds: (UInt64(0)..<300).map { Choices.bytes(seed: $0) }) { bytes throws(GoogLeNetError) in
  var choices = Choices(bytes)
  let network = NetworkGenerator.network(
    &choices, limits: RandomNetwork.Limits(side: 12, layers: 10, work: 40_000))
  let effort = DifferentialCheck.Effort(settings: 2, wholeSettings: 1)
  let faults = DifferentialCheck.faults(of: network, &choices, effort: effort)
  guard faults.isEmpty else {
    fatalError("\(faults.prefix(5).joined(separator: "; ")), in \(network.description)")
  }
}
