import ArgumentParser
import CTemporaryFiles
import Glibc
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
        xzcat bvlc.onnx.xz | googlenet convert - -o bvlc.gln

      Every command takes --json. Results go to standard output, errors to standard error with exit status 1 (64 for \
      wrong arguments).

      A file to read may be a pipe, of at most 2 GiB, and - for standard input; one to write may be a pipe or a \
      device, and - for standard output, results then going to standard error.
      """,
    version: "googlenet \(Version.text)",
    subcommands: [Convert.self, Info.self, Classify.self, Bench.self, Quantize.self, Evaluate.self, Export.self])

  /// As ArgumentParser's own, but with paths as they are, the core's errors told in full, and a status also where help
  /// cannot be written.
  static func main() {
    StandardStreams.reserve()
    gln_temporaries_watch_signals()
    // A file beyond the limit of its size is an error of the write.
    signal(SIGXFSZ, SIG_IGN)
    do throws(GoogLeNetError) {
      try end(running: arguments())
    } catch {
      Terminal.complain(error)
      Glibc.exit(ExitCode.failure.rawValue)
    }
  }

  private static func arguments() -> [String] {
    UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc)).dropFirst()
      .compactMap { $0.map { PathText.text(of: $0) } }
  }

  private static func end(running arguments: [String]) throws(GoogLeNetError) -> Never {
    do {
      try refuseUnknownCommand(arguments.first == "help" ? arguments.dropFirst().first : arguments.first)
      var command = try parseAsRoot(arguments)
      try command.run()
      Glibc.exit(ExitCode.success.rawValue)
    } catch let error as GoogLeNetError {
      throw error
    } catch {
      // Help and the version come as errors, too.
      let status = exitCode(for: error)
      let text = fullMessage(for: error)
      if status == .success {
        try StandardStreams.print("\(text)\n")
      } else if !text.isEmpty {
        Terminal.write(
          text.split(separator: "\n", omittingEmptySubsequences: false).map { "\(Terminal.visible(String($0)))\n" }
            .joined())
      }
      Glibc.exit(status.rawValue)
    }
  }

  /// - Throws: what ArgumentParser throws for wrong arguments, with the command that may have been meant.
  private static func refuseUnknownCommand(_ argument: String?) throws {
    let names = configuration.subcommands.map { $0.configuration.commandName ?? "\($0)".lowercased() }
    guard let argument, !argument.hasPrefix("-"), argument != "help", !names.contains(argument) else { return }
    let meant = EditDistance.nearest(to: argument, of: names)
    throw ValidationError(
      "there is no command '\(argument)'"
        + (meant.map { ": did you mean '\($0)'?" } ?? ": there are \(names.joined(separator: ", "))"))
  }
}
