extension Preprocessing {
  /// How pictures are resized, and where the network's input is cut out of them: docs/pictures.md says it to the pixel. The
  /// values are those of ResizeRule in the file format.
  public enum ResizeRule: UInt32, CaseIterable, Sendable {
    case shortSide = 0
    case shortSidePlain = 1
    /// As `torchvision.transforms` do.
    case torchvision = 2
    case torchvisionPlain = 3
    /// To a square, whatever the picture's sides are.
    case square = 4
    case squarePlain = 5

    /// The name that options, reports and exported files use.
    public var name: StaticString {
      switch self {
      case .shortSide: "short-side"
      case .shortSidePlain: "short-side-plain"
      case .torchvision: "torchvision"
      case .torchvisionPlain: "torchvision-plain"
      case .square: "square"
      case .squarePlain: "square-plain"
      }
    }

    /// The rule of that name, if there is one.
    public static func named(_ name: String) -> ResizeRule? {
      for rule in allCases where rule.name.description == name { return rule }
      return nil
    }

    /// Whether the filter is widened when shrinking, so that every pixel counts.
    public var isAntialiased: Bool {
      switch self {
      case .shortSide, .torchvision, .square: true
      case .shortSidePlain, .torchvisionPlain, .squarePlain: false
      }
    }

    /// The major version of model files that say it.
    public var formatMajor: UInt32 { self == .shortSide ? 1 : 2 }
  }
}
