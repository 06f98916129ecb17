import CKernels

/// The first stage of a plan: it fills the network's input from the caller's images.
struct PlanInput {
  /// From 8-bit pixels and from float32 planes, to a float32 or a byte input.
  enum Arguments {
    case float32(pixels: UnsafeMutablePointer<gln_f32_pixels>, planes: UnsafeMutablePointer<gln_f32_planes>)
    case bytes(pixels: UnsafeMutablePointer<gln_u8_pixels>, planes: UnsafeMutablePointer<PixelRounding>)
  }

  let arguments: Arguments
  let pixelStage: Stage
  let planeStage: Stage

  /// What the input is stored as.
  var precision: Precision {
    if case .bytes = arguments { .int8 } else { .float32 }
  }

  /// How the bytes of the caller's pixels lie.
  func setFormat(rowStride: Int, pixelBytes: Int, channelOffsets: (Int32, Int32, Int32, Int32)) {
    switch arguments {
    case .float32(let pixels, _):
      pixels.pointee.row_stride = rowStride
      pixels.pointee.pixel_bytes = Int32(pixelBytes)
      pixels.pointee.channel_offsets = channelOffsets
    case .bytes(let pixels, _):
      pixels.pointee.row_stride = rowStride
      pixels.pointee.pixel_bytes = Int32(pixelBytes)
      pixels.pointee.channel_offsets = channelOffsets
    }
  }

  func setPixels(_ image: UnsafePointer<UInt8>) {
    switch arguments {
    case .float32(let pixels, _): pixels.pointee.pixels = image
    case .bytes(let pixels, _): pixels.pointee.pixels = image
    }
  }

  func setPlanes(_ image: UnsafePointer<Float>) {
    switch arguments {
    case .float32(_, let planes): planes.pointee.planes = image
    case .bytes(_, let planes): planes.pointee.planes = image
    }
  }
}
