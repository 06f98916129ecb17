/// The form F(outputs × outputs, taps × taps) of Winograd convolution.
struct WinogradTileSize: Equatable {
  let outputs: Int
  let taps: Int

  /// Products of a tile for a pair of channels.
  var products: Int { (outputs + taps - 1) * (outputs + taps - 1) }

  var name: StaticString {
    switch (outputs, taps) {
    case (4, 3): "Winograd F(4x4, 3x3)"
    case (3, 4): "Winograd F(3x3, 4x4)"
    case (2, 5): "Winograd F(2x2, 5x5)"
    case (2, 3): "Winograd F(2x2, 3x3)"
    default: "Winograd"
    }
  }
}
