import Glibc
import GoogLeNet

/// - Throws: `invalidArgument` where two paths lead to the same file.
func refuseReplacing(_ input: String, by output: String) throws(GoogLeNetError) {
  var one = stat()
  var other = stat()
  guard stat(input, &one) == 0, stat(output, &other) == 0, one.st_dev == other.st_dev, one.st_ino == other.st_ino
  else { return }
  throw GoogLeNetError(
    .invalidArgument, "\(output): it would replace the file that it is made from: choose another --output")
}
