/// Views, each resized into the session's pixels before it runs.
struct ViewSource<Views: ViewList>: ImageSource {
  let views: Views
  /// The one image, of the network's input size, that each view becomes in turn.
  let pixels: BatchSource
  let session: Session

  var count: Int { views.count }

  func name(of image: Int) -> String { views.name(of: image) }

  func prepare(_ input: PlanInput) throws(GoogLeNetError) { try pixels.prepare(input) }

  func stage(for image: Int, _ input: PlanInput) throws(GoogLeNetError) -> Stage {
    let view = try views.view(at: image)
    do throws(GoogLeNetError) {
      try session.crop(view)
    } catch {
      guard error.status == .invalidArgument else { throw error }
      throw GoogLeNetError(.invalidArgument, "\(name(of: image)): \(error.message)")
    }
    return try pixels.stage(for: 0, input)
  }
}
