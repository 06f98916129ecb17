import ArgumentParser

@main
struct GoogLeNetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "googlenet", abstract: "Convert, inspect and run GoogLeNet models.")
}
