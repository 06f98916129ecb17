/// Maps that multiply each channel by one number and add another.
enum ChannelAffine {
  /// `second` after `first`.
  static func compose(_ first: (scale: [Float], shift: [Float])?, _ second: (scale: [Float], shift: [Float]))
    -> (scale: [Float], shift: [Float])
  {
    guard let first else { return second }
    var both = second
    for channel in both.scale.indices {
      both.scale[channel] = first.scale[channel] * second.scale[channel]
      both.shift[channel] = first.shift[channel] * second.scale[channel] + second.shift[channel]
    }
    return both
  }
}
