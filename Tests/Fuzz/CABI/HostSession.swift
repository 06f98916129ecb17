import CGoogLeNet

/// A session that the host holds.
final class HostSession {
  let pointer: OpaquePointer
  /// Keeps what the model borrows; the host may have freed its handle of the model.
  let model: HostModel
  let classes: Int
  /// At the model's own input size; nil at another, where there may be more.
  let features: Int?
  let channels: Int
  let height: Int
  let width: Int
  /// Whether its memory limit may be too tight for some calls.
  let isLimited: Bool
  /// Whether its progress callback may end calls on several images.
  let mayCancel: Bool
  /// Labels that it gave, valid as long as the model and its sessions.
  var labels: [UnsafePointer<CChar>] = []

  init(_ pointer: OpaquePointer, _ model: HostModel, isLimited: Bool, mayCancel: Bool) {
    self.pointer = pointer
    self.model = model
    self.isLimited = isLimited
    self.mayCancel = mayCancel
    classes = gln_model_class_count(model.pointer)
    channels = Int(gln_model_input_channels(model.pointer))
    height = Int(gln_session_input_height(pointer))
    width = Int(gln_session_input_width(pointer))
    let isOwnSize =
      height == Int(gln_model_input_height(model.pointer)) && width == Int(gln_model_input_width(model.pointer))
    features = isOwnSize ? gln_model_feature_count(model.pointer) : nil
  }
}
