import CGoogLeNet
import CPlatform

@c @implementation
public func gln_version_number() -> UInt32 {
  UInt32(GLN_VERSION_MAJOR * 10000 + GLN_VERSION_MINOR * 100 + GLN_VERSION_PATCH)
}

@c @implementation
public func gln_version_string() -> UnsafePointer<CChar>? { StaticText.pointer(Version.text) }

@c @implementation
public func gln_check_abi(_ abi_version: UInt32) -> gln_status {
  guard abi_version == UInt32(GLN_ABI_VERSION) else {
    return Failure.report(
      GoogLeNetError(
        .unsupportedVersion,
        "the program was compiled for ABI version \(abi_version), this library is \(Version.text) with ABI version \(GLN_ABI_VERSION)"
      ))
  }
  return GLN_OK
}

@c @implementation
public func gln_last_error_message() -> UnsafePointer<CChar>? { gln_thread_message() }

@c @implementation
public func gln_status_string(_ status: gln_status) -> UnsafePointer<CChar>? {
  let text: StaticString =
    switch Status(rawValue: Int32(bitPattern: status.rawValue)) {
    case .ok: "success"
    case .invalidArgument: "invalid argument"
    case .outOfMemory: "out of memory"
    case .ioError: "input or output error"
    case .invalidModel: "invalid model"
    case .unsupportedVersion: "unsupported version"
    case .unsupported: "unsupported"
    case .notFound: "not found"
    case .bufferTooSmall: "buffer too small"
    case .backendUnavailable: "backend unavailable"
    case .busy: "session is busy"
    case .limitExceeded: "limit exceeded"
    case .wrongProcess: "wrong process"
    case .cancelled: "cancelled"
    case .notFinite: "not finite"
    case nil: "unknown status"
    }
  return StaticText.pointer(text)
}

@c @implementation
public func gln_isa_name(_ isa: gln_isa) -> UnsafePointer<CChar>? {
  guard let isa = ISA(rawValue: Int32(bitPattern: isa.rawValue)) else { return nil }
  return StaticText.pointer(isa.name)
}

@c @implementation
public func gln_cpu_isa() -> gln_isa { gln_isa(rawValue: UInt32(KernelSelection.best.rawValue)) }
