import CKernels

/// Planes (CHW) to channels-last.
struct PlaneInput {
  let arguments: gln_f32_planes

  /// Units are ranges of rows: enough of them for a few threads.
  @inline(__always)
  static func cut(_ arguments: gln_f32_planes) -> WorkCut {
    WorkCut(items: Int(arguments.height), threads: 2)
  }

  func run(_ unit: Int32) {
    let a = arguments
    let (first, end) = Self.cut(a).range(unit)
    let width = Int(a.width)
    let channels = Int(a.channels)
    let planeSize = Int(a.height) &* width
    for row in first..<end {
      let output = a.output.unsafelyUnwrapped + row &* a.output_row_stride
      let input = a.planes.unsafelyUnwrapped + row &* width
      for channel in 0..<channels {
        let plane = input + channel &* planeSize
        for column in 0..<width { output[column &* a.output_pixel_stride &+ channel] = plane[column] }
      }
    }
  }
}
