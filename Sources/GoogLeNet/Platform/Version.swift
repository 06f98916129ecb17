/// The version of the library; the same as GLN_VERSION_* in include/googlenet.h, which a test checks.
public enum Version {
  public static var text: StaticString { "0.1.0" }
}
