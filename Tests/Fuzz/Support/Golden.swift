import Foundation

/// A trained file of Tests/frameworks.
public func golden(_ name: String) -> [UInt8] {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  let path = folder.appendingPathComponent("../../frameworks/golden/\(name)")
  guard let data = try? Data(contentsOf: path) else { fatalError("no file \(path.path)") }
  return [UInt8](data)
}
