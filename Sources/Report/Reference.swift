import Model

/// Generates parts of the documentation from the code, so that they cannot become outdated.
package enum Reference {
    /// A page on a kind of YAML file, from its parser's schema.
    package static func page(title: String, introduction: String, sections: [YamlSection]) -> String {
        var page = "# \(title)\n\n\(introduction)\n"
        for section in sections {
            page += "\n## \(section.path.isEmpty ? "The file" : "`\(section.path)`")\n\n| key | value | | what it is |\n|---|---|---|---|\n"
            for field in section.fields {
                page += "| `\(field.name)` | \(field.form) | \(field.isRequired ? "needed" : "") | \(field.about) |\n"
            }
        }
        return page
    }

    /// A page on the command line, from the commands' own help.
    package static func page(commands: [(name: String, help: String)]) -> String {
        var page = "# The command line\n\nWritten by `make docs` from the commands themselves.\n"
        for command in commands { page += "\n## `\(command.name)`\n\n```\n\(command.help.trimmed)\n```\n" }
        return page
    }
}

extension String {
    /// The text without trailing white space, both on each line and at the end.
    fileprivate var trimmed: String {
        var lines = split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line[..<(line.lastIndex { $0 != " " }.map { line.index(after: $0) } ?? line.startIndex)])
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.joined(separator: "\n")
    }
}
