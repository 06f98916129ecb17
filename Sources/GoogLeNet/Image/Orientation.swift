/// How a picture's rows and columns lie in memory; the values are those of EXIF's tag Orientation.
public enum Orientation: UInt8, CaseIterable, Sendable {
  /// The first row is the top, the first column the left side.
  case upright = 1
  case mirrored = 2
  case upsideDown = 3
  case mirroredUpsideDown = 4
  /// The first row is the left side, the first column the top.
  case transposed = 5
  /// Seen upright after a quarter turn clockwise.
  case leftSideDown = 6
  case transposedUpsideDown = 7
  /// Seen upright after a quarter turn counterclockwise.
  case rightSideDown = 8

  /// Whether rows as stored are columns as seen.
  var swapsSides: Bool { rawValue >= 5 }

  /// Whether what is seen on the left comes last of its row (of its column, where sides are swapped).
  var reversesColumns: Bool {
    switch self {
    case .mirrored, .upsideDown, .leftSideDown, .transposedUpsideDown: true
    case .upright, .mirroredUpsideDown, .transposed, .rightSideDown: false
    }
  }

  /// Whether what is seen on top comes last.
  var reversesRows: Bool {
    switch self {
    case .upsideDown, .mirroredUpsideDown, .transposedUpsideDown, .rightSideDown: true
    case .upright, .mirrored, .transposed, .leftSideDown: false
    }
  }
}
