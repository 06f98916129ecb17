@testable import FuzzSupport

// The C functions as a host calls them, in an order and with arguments that the bytes choose: valid, at the edge, wrong and NULL.

fuzz(seeds: (UInt64(0)..<300).map { Choices.bytes(seed: $0, count: 2048) }) { bytes in
  let host = Host(Choices(bytes))
  host.run()
}
