/// One channel of the network's input, scaled and shifted: what torchvision's `transform_input` makes of each.
struct GraphInputChannel {
  let index: Int
  var scale = 1.0
  var shift = 0.0
  /// Whether it still has, or has again, the axis of channels: (N, 1, H, W) instead of (N, H, W).
  var hasAxis = false
}
