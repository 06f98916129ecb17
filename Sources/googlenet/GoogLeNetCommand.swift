import ArgumentParser
@preconcurrency import Glibc
import GoogLeNet

@main
struct GoogLeNetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "googlenet",
    abstract: "Converts, inspects and runs GoogLeNet (Inception v1) models.",
    discussion: """
      EXAMPLES
        googlenet classify photo.jpg
        googlenet convert bvlc.caffemodel --labels synset_words.txt -o bvlc.gln
        googlenet classify --model bvlc.gln --top 3 *.jpg
        googlenet info bvlc.gln
        googlenet bench bvlc.gln --threads 2

      Every command takes --json. Results go to standard output, errors to standard error with exit status 1 (64 for \
      wrong arguments).
      """,
    version: "googlenet \(Version.text)",
    subcommands: [Convert.self, Info.self, Classify.self, Bench.self, Quantize.self, Evaluate.self, Export.self])

  /// As ArgumentParser's own, but with the core's errors told in full.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
      guard fflush(stdout) == 0, ferror(stdout) == 0 else {
        throw GoogLeNetError(.ioError, "cannot write to standard output")
      }
    } catch let error as GoogLeNetError {
      Terminal.complain(error)
      exit(withError: ExitCode.failure)
    } catch {
      exit(withError: error)
    }
  }
}
