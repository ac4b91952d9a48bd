import ArgumentParser
import Model
import Sanitizing

/// The commands as a tree of words.
enum CommandPath {
    private typealias Kind = any ParsableCommand.Type

    /// The words of a command, beginning with the program: `ninepin runs show`.
    static func words(of command: any ParsableCommand.Type) -> String {
        path(to: command, from: NinepinCommand.self)?.joined(separator: " ") ?? "ninepin"
    }

    private static func path(to wanted: Kind, from command: Kind) -> [String]? {
        if command == wanted { return [command._commandName] }
        for next in command.configuration.subcommands {
            if let rest = path(to: wanted, from: next) { return [command._commandName] + rest }
        }
        return nil
    }

    /// The error for a word in the place of a command that is none; nil if there is no such word.
    static func unknownCommand(in arguments: [String]) -> UsageError? {
        var (command, path): (Kind, [String]) = (NinepinCommand.self, ["ninepin"])
        let words = arguments.first == "help" ? arguments.dropFirst() : arguments[...]
        for word in words.prefix(while: { !$0.hasPrefix("-") }) {
            let all = command.configuration.subcommands
            guard !all.isEmpty else { return nil }
            if let next = all.first(where: { names(of: $0).contains(word) }) {
                (command, path) = (next, path + [word])
                continue
            }
            // A command with a default one may mean the word for that.
            let near = Spelling.nearest(to: word, among: all.filter { $0.configuration.shouldDisplay }.flatMap(names) + ["help"])
            guard word != "help", near != nil || command.configuration.defaultSubcommand == nil else { return nil }
            let place = path.joined(separator: " ")
            return UsageError(
                message:
                    "'\(shown(word))' is no command of \(place): \(near.map { "did you mean '\($0)'?" } ?? "'\(place) --help' lists them")",
                command: place)
        }
        return nil
    }

    /// The error for options before the command; nil if there are none.
    static func misplacedOptions(in arguments: [String]) -> UsageError? {
        guard let first = arguments.first, first.hasPrefix("-"), let place = arguments.firstIndex(where: isCommand) else { return nil }
        let words = [arguments[place]] + arguments[..<place] + arguments[(place + 1)...]
        return UsageError(
            message: "options follow the command: 'ninepin \(shown(words.joined(separator: " ")))'", command: "ninepin \(arguments[place])")
    }

    private static func isCommand(_ word: String) -> Bool {
        NinepinCommand.configuration.subcommands.contains { names(of: $0).contains(word) }
    }

    private static func shown(_ text: String) -> String { Visible.line(Redaction.text(text)) }

    private static func names(of command: Kind) -> [String] { [command._commandName] + command.configuration.aliases }
}
