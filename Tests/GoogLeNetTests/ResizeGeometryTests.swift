import Testing

@testable import GoogLeNet

/// Sides and edges that Python gives: round(l * (S / s)), int(S * l / s), int(round((l - crop) / 2.0)).
@Suite struct ResizeGeometryTests {
  struct Case {
    let rule: Preprocessing.ResizeRule
    let picture: (width: Int, height: Int)
    let shortSide: Int
    let crop: (width: Int, height: Int)
    /// Width, height, left, top.
    let wanted: [Int]
  }

  static let cases: [Case] = [
    // The long side is 382.09, and the edge half of 158.
    Case(
      rule: .shortSide, picture: (500, 335), shortSide: 256, crop: (224, 224), wanted: [382, 256, 79, 16]),
    Case(
      rule: .torchvision, picture: (500, 335), shortSide: 256, crop: (224, 224), wanted: [382, 256, 79, 16]),
    // 383.70, and half of 160 or of 159: 79.5 goes to the even 80.
    Case(
      rule: .shortSide, picture: (640, 427), shortSide: 256, crop: (224, 224), wanted: [384, 256, 80, 16]),
    Case(
      rule: .torchvision, picture: (640, 427), shortSide: 256, crop: (224, 224), wanted: [383, 256, 80, 16]),
    // 380.60, and 78.5 goes to the even 78.
    Case(
      rule: .torchvision, picture: (500, 335), shortSide: 255, crop: (223, 224), wanted: [380, 255, 78, 16]),
    Case(
      rule: .shortSide, picture: (500, 335), shortSide: 255, crop: (223, 224), wanted: [381, 255, 79, 15]),
    Case(
      rule: .torchvisionPlain, picture: (335, 500), shortSide: 256, crop: (224, 225), wanted: [256, 382, 16, 78]),
    Case(
      rule: .shortSidePlain, picture: (335, 500), shortSide: 256, crop: (224, 225), wanted: [256, 382, 16, 78]),
    Case(rule: .square, picture: (640, 427), shortSide: 256, crop: (224, 225), wanted: [256, 256, 16, 15]),
    Case(rule: .squarePlain, picture: (1, 65535), shortSide: 256, crop: (227, 227), wanted: [256, 256, 14, 14]),
    Case(
      rule: .torchvision, picture: (65535, 1), shortSide: 65535, crop: (1, 1),
      wanted: [65535 * 65535, 65535, 2_147_418_112, 32767]),
    Case(
      rule: .shortSide, picture: (65535, 1), shortSide: 65535, crop: (1, 1),
      wanted: [65535 * 65535, 65535, 2_147_418_112, 32767]),
  ]

  @Test(arguments: cases) func sidesAndEdges(_ it: Case) {
    let found = ResizeGeometry(it.rule, picture: it.picture, shortSide: it.shortSide, crop: it.crop)
    #expect([found.width, found.height, found.left, found.top] == it.wanted, "\(it.rule.name)")
  }

  /// Whatever the sides, the input lies within the resized picture.
  @Test(arguments: Preprocessing.ResizeRule.allCases) func theCutLiesWithin(rule: Preprocessing.ResizeRule) {
    var random = RandomNumbers(seed: 4)
    for _ in 0..<2000 {
      let picture = (Int.random(in: 1...4000, using: &random), Int.random(in: 1...4000, using: &random))
      let crop = (Int.random(in: 1...300, using: &random), Int.random(in: 1...300, using: &random))
      let shortSide = max(crop.0, crop.1) + Int.random(in: 0...40, using: &random)
      let found = ResizeGeometry(rule, picture: picture, shortSide: shortSide, crop: crop)
      #expect(min(found.width, found.height) == shortSide, "\(picture)")
      #expect(0...found.width - crop.0 ~= found.left && 0...found.height - crop.1 ~= found.top, "\(picture)")
    }
  }

  @Test func rulesHaveNames() {
    for rule in Preprocessing.ResizeRule.allCases {
      #expect(Preprocessing.ResizeRule.named("\(rule.name)") == rule)
      #expect(rule.formatMajor == (rule == .shortSide ? 1 : 2))
    }
    #expect(Preprocessing.ResizeRule.named("bilinear") == nil)
  }
}
