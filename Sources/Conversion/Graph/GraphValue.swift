/// What a foreign graph's nodes make and read.
enum GraphValue {
  case constant(GraphConstant)
  /// What depends on the image.
  case activation(GraphActivation)
  /// One channel of the network's input, on the way to be joined with the others again.
  case inputChannel(GraphInputChannel)
  /// Random numbers of 0 and 1, by which training multiplies what dropout keeps.
  case dropoutMask
  /// Numbers of a shape, which only reshaping reads; what comes out of that is known without them.
  case shape
}
