/// A command as ArgumentParser describes it (`--experimental-dump-help`), as far as a manual page needs it.
package struct CommandDescription: Decodable, Sendable {
    /// An argument, an option or a flag.
    package struct Argument: Decodable, Sendable {
        struct Name: Decodable, Sendable {
            let kind: String
            let name: String

            var text: String { kind == "long" ? "--\(name)" : "-\(name)" }
        }

        let kind: String
        let shouldDisplay: Bool
        let isOptional: Bool
        let isRepeating: Bool
        let names: [Name]?
        let valueName: String?
        let defaultValue: String?
        let allValues: [String]?
        let abstract: String?
        let discussion: String?
    }

    /// All commands of a program.
    package struct Tool: Decodable, Sendable {
        package let command: CommandDescription
    }

    package let commandName: String
    let superCommands: [String]?
    let shouldDisplay: Bool
    let abstract: String?
    let discussion: String?
    let subcommands: [CommandDescription]?
    let arguments: [Argument]?

    /// The words that call it: `ninepin patches add`.
    private var words: [String] { (superCommands ?? []) + [commandName] }

    /// The name of its page, without the section.
    var pageName: String { words.joined(separator: "-") }

    /// Subcommands that help pages show. ArgumentParser adds `help` itself.
    var shown: [CommandDescription] { (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" } }

    /// What the help shows, besides `--help` and `--version`, which every command has.
    var ownArguments: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }

    var call: String { words.joined(separator: " ") }
}

/// Manual pages in the language of man(7), from the descriptions of the commands.
package struct ManualPages {
    private let version: String
    private let date: String
    private let variables: [(name: String, about: String)]
    private let exitCodes: [(code: String, about: String)]

    /// Pages for a version of the program.
    ///
    /// - Parameters:
    ///   - date: the date in the pages' footers, as `2026-11-27`.
    ///   - variables: the environment variables that every command reads.
    ///   - exitCodes: the exit codes that commands share.
    package init(
        version: String, date: String, variables: [(name: String, about: String)], exitCodes: [(code: String, about: String)]
    ) {
        (self.version, self.date, self.variables, self.exitCodes) = (version, date, variables, exitCodes)
    }

    /// The pages of a command and of all visible commands below it, by file name.
    package func pages(of command: CommandDescription) -> [String: String] { pages(of: command, parent: nil) }

    private func pages(of command: CommandDescription, parent: CommandDescription?) -> [String: String] {
        var pages = ["\(command.pageName).1": page(of: command, parent: parent)]
        for one in command.shown { pages.merge(self.pages(of: one, parent: command)) { $1 } }
        return pages
    }

    private func page(of command: CommandDescription, parent: CommandDescription?) -> String {
        let parts = Discussion(command.discussion ?? "")
        var page = Roff()
        page.title(command.pageName, date: date, source: "Ninepin \(version)", manual: "Ninepin")
        page.section("NAME")
        page.name(command.pageName, command.abstract ?? "")
        page.section("SYNOPSIS")
        page.synopsis(of: command)
        page.section("DESCRIPTION")
        page.paragraph(command.abstract ?? "")
        page.blocks(parts.description)
        options(of: command, into: &page)
        page.section("ENVIRONMENT")
        for variable in variables { page.item(bold: [variable.name], value: nil, text: variable.about) }
        page.section("EXIT STATUS")
        page.blocks(parts.exitStatus)
        for one in exitCodes { page.item(bold: [one.code], value: nil, text: one.about) }
        if !parts.examples.isEmpty {
            page.section("EXAMPLES")
            page.blocks(parts.examples)
        }
        page.seeAlso((parent.map { [$0] } ?? []) + command.shown.sorted { $0.pageName < $1.pageName })
        return page.text
    }

    private func options(of command: CommandDescription, into page: inout Roff) {
        let positional = command.ownArguments.filter { $0.kind == "positional" }
        if !positional.isEmpty { page.section("ARGUMENTS") }
        for one in positional { page.item(bold: [], value: one.valueName, text: one.help) }
        if !command.shown.isEmpty { page.section("COMMANDS") }
        for one in command.shown { page.item(bold: [one.commandName], value: nil, text: one.abstract ?? "") }
        let options = command.ownArguments.filter { $0.kind != "positional" }
        if !options.isEmpty { page.section("OPTIONS") }
        for one in options {
            page.item(bold: (one.names ?? []).map(\.text), value: one.kind == "option" ? one.valueName : nil, text: one.help)
        }
    }
}

extension CommandDescription.Argument {
    /// The help with the values and the default, as in `--help`.
    fileprivate var help: String {
        var notes: [String] = []
        if let allValues { notes.append("Values: \(allValues.joined(separator: ", ")).") }
        if let defaultValue { notes.append("Default: \(defaultValue).") }
        return ([abstract ?? "", discussion ?? ""].filter { !$0.isEmpty } + notes).joined(separator: " ")
    }
}

/// The parts of a command's description.
private struct Discussion {
    var description: [String] = []
    var exitStatus: [String] = []
    var examples: [String] = []

    init(_ text: String) {
        for block in Self.blocks(text) {
            if ["Example:", "Examples:"].contains(block.split(separator: "\n").first) {
                examples.append(block.split(separator: "\n").dropFirst().joined(separator: "\n"))
            } else if block.hasPrefix("Exit code") {
                // The shared codes follow as a list.
                if !block.hasPrefix("Exit codes: 0 clean or done;") { exitStatus.append(block) }
            } else {
                description.append(block)
            }
        }
    }

    /// The parts between empty lines.
    private static func blocks(_ text: String) -> [String] {
        var blocks: [[Substring]] = [[]]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.allSatisfy({ $0 == " " }) { blocks.append([]) } else { blocks[blocks.count - 1].append(line) }
        }
        return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
    }
}

/// Text in the language of man(7). Everything that is not written here as a request is escaped.
struct Roff {
    private(set) var text = ""

    /// Whether a heading was the last line: no paragraph begins there.
    private var isBelowHeading = false

    private mutating func request(_ line: String) {
        text += "\(line)\n"
        isBelowHeading = line.hasPrefix(".SH ")
    }

    mutating func title(_ name: String, date: String, source: String, manual: String) {
        request(".TH \(Self.quoted(name.uppercased())) 1 \(date) \(Self.quoted(source)) \(Self.quoted(manual))")
        // No hyphens at the ends of lines, which would be copied with the words.
        request(".nh")
    }

    mutating func section(_ name: String) { request(".SH \(name)") }

    /// The line that apropos(1) reads.
    mutating func name(_ name: String, _ about: String) {
        let about = about.hasSuffix(".") ? String(about.dropLast()) : about
        request("\(Self.escaped(name)) \\- \(Self.escaped(about.split(separator: "\n").joined(separator: " ")))")
    }

    mutating func synopsis(of command: CommandDescription) {
        var words = ["\\fB\(Self.escaped(command.call))\\fR"]
        if command.ownArguments.contains(where: { $0.kind != "positional" }) { words.append("[\\fIoptions\\fR]") }
        for one in command.ownArguments where one.kind == "positional" {
            let name = "\\fI\(Self.escaped(one.valueName ?? ""))\\fR\(one.isRepeating ? " ..." : "")"
            words.append(one.isOptional ? "[\(name)]" : name)
        }
        if !command.shown.isEmpty { words.append("\\fIcommand\\fR ...") }
        request(words.joined(separator: " "))
    }

    /// Filled text. Lines that begin with a blank are kept as they are.
    mutating func paragraph(_ paragraph: String) {
        var isKept = false
        if !isBelowHeading { request(".PP") }
        for line in paragraph.split(separator: "\n") {
            if line.hasPrefix("  ") != isKept {
                isKept.toggle()
                request(isKept ? ".nf" : ".fi")
            }
            request(Self.line(String(line)))
        }
        if isKept { request(".fi") }
    }

    mutating func blocks(_ blocks: [String]) { for block in blocks { paragraph(block) } }

    /// An entry of a list: names, the name of a value, and what it is.
    mutating func item(bold: [String], value: String?, text: String) {
        let names = bold.map { "\\fB\(Self.escaped($0))\\fR" }.joined(separator: ", ")
        let value = value.map { "\\fI\(Self.escaped($0))\\fR" }
        request(".TP")
        request([names.isEmpty ? nil : names, value].compactMap(\.self).joined(separator: " "))
        for line in text.split(separator: "\n") where line.contains(where: { $0 != " " }) {
            request(Self.line(String(line.drop { $0 == " " })))
        }
    }

    /// References to the pages of commands.
    mutating func seeAlso(_ commands: [CommandDescription]) {
        section("SEE ALSO")
        let names = commands.map(\.pageName)
        for (number, name) in names.enumerated() { request(".BR \(Self.escaped(name)) (1)\(number < names.count - 1 ? "," : "")") }
    }

    /// A line of text that is no request, whatever it begins with.
    static func line(_ text: String) -> String {
        let escaped = escaped(text)
        return escaped.hasPrefix(".") || escaped.hasPrefix("\\(aq") || escaped.hasPrefix(" ") ? "\\&\(escaped)" : escaped
    }

    /// Text without anything that roff interprets. Hyphens, quotes and accents stay the ASCII characters that can be copied.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\e"
            case "-": escaped += "\\-"
            case "'": escaped += "\\(aq"
            case "\"": escaped += "\\(dq"
            case "`": escaped += "\\(ga"
            case "^": escaped += "\\(ha"
            case "~": escaped += "\\(ti"
            case "\n", "\t": escaped += " "
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: break
            case _ where scalar.isASCII: escaped.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                escaped += "\\[u\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)]"
            }
        }
        return escaped
    }

    private static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }
}
