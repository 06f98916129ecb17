/// Where the images of a call come from.
protocol ImageSource {
  var count: Int { get }

  /// Called once, before the first image.
  func prepare(_ input: PlanInput) throws(GoogLeNetError)

  /// The stage that fills the network's input with an image.
  /// - Throws: where the image turns out to be none that the network can take.
  func stage(for image: Int, _ input: PlanInput) throws(GoogLeNetError) -> Stage

  /// What errors call an image.
  func name(of image: Int) -> String
}
