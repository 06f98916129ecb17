import Foundation
import GoogLeNet

/// Trained files that frameworks wrote: see Tests/frameworks.
enum GoldenFiles {
  static func bytes(_ name: String) throws -> [UInt8] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "../frameworks/golden")
    return [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
  }
}
