import CGoogLeNet

@testable import FuzzSupport

extension Host {
  /// A picture in memory of its own, none of whose bytes lies beyond what the library may read.
  private struct HostPicture {
    var picture: gln_picture
    var isValid: Bool
    let planes: [ExactBuffer]
  }

  private func picture() -> HostPicture {
    let format = gln_pixel_format(rawValue: UInt32(choices.number(0...9)))
    let (width, height) = (choices.number(1...30), choices.number(1...30))
    let (pairs, pairRows) = ((width + 1) / 2, (height + 1) / 2)
    let rows: [(count: Int, bytes: Int)] =
      switch format {
      case GLN_PIXEL_NV12_VIDEO, GLN_PIXEL_NV12_FULL: [(height, width), (pairRows, 2 * pairs)]
      case GLN_PIXEL_I420_VIDEO, GLN_PIXEL_I420_FULL: [(height, width), (pairRows, pairs), (pairRows, pairs)]
      case GLN_PIXEL_RGB_FLOAT32: [(height, 12 * width)]
      default: [(height, width * bytes(of: format))]
      }
    let gap = choices.pick([0, 0, 4, 8])
    var random = choices.randomNumbers()
    let planes = rows.map { rows in
      let size = (rows.count - 1) * (rows.bytes + gap) + rows.bytes
      return ExactBuffer((0..<size).map { _ in UInt8(truncatingIfNeeded: random.next() >> 32) & 0x3F })
    }
    var picture = gln_picture()
    picture.struct_size = MemoryLayout<gln_picture>.size
    picture.width = Int32(width)
    picture.height = Int32(height)
    picture.format = format
    picture.orientation = Int32(choices.number(0...8))
    picture.planes.0 = UnsafeRawPointer(planes[0].base)
    picture.strides.0 = rows[0].bytes + gap
    if planes.count > 1 {
      picture.planes.1 = UnsafeRawPointer(planes[1].base)
      picture.strides.1 = rows[1].bytes + gap
    }
    if planes.count > 2 {
      picture.planes.2 = UnsafeRawPointer(planes[2].base)
      picture.strides.2 = rows[2].bytes + gap
    }
    guard choices.chance(8) else { return HostPicture(picture: picture, isValid: true, planes: planes) }
    switch choices.number(0...5) {
    case 0: picture.struct_size = choices.pick([0, 71, .max])
    case 1: picture.planes.0 = nil
    case 2: picture.width = choices.pick([0, -1, 65536, .min])
    case 3: picture.strides.0 = choices.pick([rows[0].bytes - 1, -rows[0].bytes, .min])
    case 4: picture.orientation = choices.pick([-1, 9, .max])
    default: picture.format = gln_pixel_format(rawValue: choices.pick([10, .max]))
    }
    let isPacked = picture.strides.0 == 0
    return HostPicture(picture: picture, isValid: isPacked && picture.planes.0 != nil, planes: planes)
  }

  private func view(of picture: UnsafePointer<gln_picture>, _ session: HostSession) -> (view: gln_view, isValid: Bool) {
    var view = gln_view()
    view.struct_size = MemoryLayout<gln_view>.size
    view.picture = picture
    let it = picture.pointee
    let swaps = it.orientation >= 5
    let (width, height) = (swaps ? it.height : it.width, swaps ? it.width : it.height)
    if choices.chance(60), 1...30 ~= width, 1...30 ~= height {
      view.left = Int32(choices.number(0...Int(width) - 1))
      view.top = Int32(choices.number(0...Int(height) - 1))
      view.width = Int32(choices.number(1...Int(width - view.left)))
      view.height = Int32(choices.number(1...Int(height - view.top)))
    }
    view.mirrored = choices.chance(30) ? 1 : 0
    view.fit = gln_fit(rawValue: UInt32(choices.number(0...2)))
    let most = (min(session.width, session.height) - 1) / 2
    if view.fit != GLN_FIT_MODEL { view.context = Int32(choices.number(0...max(most, 0))) }
    guard choices.chance(8) else { return (view, true) }
    switch choices.number(0...5) {
    case 0: view.struct_size = choices.pick([0, 40, .max])
    case 1: view.picture = nil
    case 2: view.left = choices.pick([-1, 31, .max, .min])
    case 3: view.mirrored = 2
    case 4: view.reserved = -1
    default: view.context = choices.pick([-1, Int32(most + 1), .max])
    }
    return (view, false)
  }

  /// Answers a few requests for a few views.
  func runViews() {
    guard let session = session() else { return }
    let pictures = (0..<choices.number(1...2)).map { _ in picture() }
    defer { withExtendedLifetime(pictures) {} }
    let copies = UnsafeMutableBufferPointer<gln_picture>.allocate(capacity: pictures.count)
    defer { copies.deallocate() }
    _ = copies.initialize(from: pictures.map { $0.picture })
    let made = (0..<choices.number(1...5)).map { _ in
      let index = choices.number(0...copies.count - 1)
      let (view, isValid) = view(of: UnsafePointer(copies.baseAddress! + index), session)
      return (view: view, isValid: isValid && pictures[index].isValid)
    }
    let views = made.map { $0.view }
    if choices.chance(20) { return preprocess(views[0], isValid: made[0].isValid, session) }
    let rows = [session.classes, session.classes, session.features ?? 0]
    // How many features there are at another size is not known here.
    let kinds = (0..<choices.number(1...3)).map { _ in
      choices.pick(session.features == nil ? [0, 1, 3] : [0, 1, 2, 3])
    }
    let elements = kinds.map { $0 == 3 ? MemoryLayout<gln_prediction>.size : MemoryLayout<Float>.size }
    let counts = kinds.map { views.count * ($0 == 3 ? min(2, session.classes) : rows[$0]) }
    let outputs = zip(counts, elements).map { ExactBuffer(byteCount: max($0 * $1, 1)) }
    var requests = [gln_request](repeating: gln_request(), count: kinds.count)
    let isShort = choices.chance(5)
    for (index, kind) in kinds.enumerated() {
      requests[index].struct_size = MemoryLayout<gln_request>.size
      requests[index].kind = kind == 3 ? GLN_REQUEST_TOP : gln_request_kind(rawValue: UInt32(kind))
      requests[index].top = kind == 3 ? 2 : 0
      requests[index].values = UnsafeMutableRawPointer(outputs[index].base)
      requests[index].capacity = counts[index] - (isShort ? 1 : 0)
    }
    let pointer = maybe(session.pointer)
    let status = gln_session_run(pointer, views, views.count, requests, requests.count)
    let isRight = pointer != nil && !isShort && made.allSatisfy { $0.isValid }
    for (output, size) in zip(outputs, zip(counts, elements).map(*)) {
      check(status, isValid: isRight, session, output, written: size, "run")
    }
  }

  private func preprocess(_ view: gln_view, isValid: Bool, _ session: HostSession) {
    var view = view
    let size = session.height * session.width * session.channels
    let output = ExactBuffer(byteCount: size)
    let status = gln_session_preprocess_view(
      session.pointer, &view, output.base.assumingMemoryBound(to: UInt8.self), size)
    check(
      status, isValid: isValid, session, output, written: size, "preprocess_view")
  }
}
