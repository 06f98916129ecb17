import ArgumentParser
import ImageFiles

/// The options that say how picture files are read.
struct PictureArguments: ParsableArguments {
  @Flag(
    inversion: .prefixedNo,
    help: "Turn and mirror pictures as their EXIF orientation says, which is how they are seen.")
  var exifOrientation = true
}
