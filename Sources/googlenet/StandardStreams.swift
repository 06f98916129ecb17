import Conversion
import Glibc
import GoogLeNet

/// Standard input, output and error, and what the command line calls them.
enum StandardStreams {
  /// The path of an argument that names a file to read: "-" is standard input.
  static func input(_ argument: String) -> String { argument == "-" ? "/dev/stdin" : argument }

  /// The path of an argument that names a file to write: "-" is standard output.
  static func output(_ argument: String) -> String { argument == "-" ? "/dev/stdout" : argument }

  /// Results, to standard output; to standard error where the file that they are about goes there.
  /// - Parameter text: of whole lines.
  /// - Throws: `ioError` where they cannot be written.
  static func print(_ text: String, beside file: OutputFile? = nil) throws(GoogLeNetError) {
    try write(text, to: file?.isStandardOutput == true ? STDERR_FILENO : STDOUT_FILENO)
  }

  /// The same of a value, as a line.
  static func print(_ value: JSON, beside file: OutputFile? = nil) throws(GoogLeNetError) {
    try print("\(value)\n", beside: file)
  }

  static func write(_ text: String, to descriptor: Int32) throws(GoogLeNetError) {
    var output = BufferedOutput(
      descriptor: descriptor, name: "to standard \(descriptor == STDERR_FILENO ? "error" : "output")")
    try output.write(text)
    try output.flush()
  }

  /// Makes sure that no file that is opened gets the number of a standard stream that is closed, and with it what is
  /// meant for that. Using such a stream is an error, as it was.
  static func reserve() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest number that is free: this one.
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}
