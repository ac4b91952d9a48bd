/// A flag of `go build`, as Go parses it (flag package: one or two dashes, the value after `=` or as the next word).
package struct GoFlag: Hashable, Sendable {
    /// The name without dashes; empty for a word that is not a flag.
    package let name: String
    /// The value; nil if there is none.
    package let value: String?
    /// Whether the flag requires a value and has none. It would take the next word.
    let lacksValue: Bool
    /// The words that form the flag.
    package let words: [String]
    /// The index of the first of these words in the list.
    let index: Int

    /// The flag normalized to `-name=value` if Ninepin knows it; otherwise unchanged.
    package var spelled: [String] {
        guard Self.valued.contains(name), let value else { return words }
        return ["-\(name)=\(value)"]
    }

    /// Parses a list of words.
    package static func all(in words: [String]) -> [GoFlag] {
        var flags: [GoFlag] = []
        var index = 0
        while index < words.count {
            let flag = read(words, at: index)
            flags.append(flag)
            index += flag.words.count
        }
        return flags
    }

    private static func read(_ words: [String], at index: Int) -> GoFlag {
        let word = words[index]
        let (name, value) = parts(of: word)
        guard !name.isEmpty, value == nil, !plain.contains(name) else {
            return GoFlag(name: name, value: value, lacksValue: false, words: [word], index: index)
        }
        let next = index + 1 < words.count ? words[index + 1] : nil
        // For an unknown flag it is unclear whether it takes a value. The following word is good enough for a message.
        guard let next, valued.contains(name) || next.unicodeScalars.first != "-" else {
            return GoFlag(name: name, value: nil, lacksValue: valued.contains(name), words: [word], index: index)
        }
        return GoFlag(name: name, value: next, lacksValue: false, words: [word, next], index: index)
    }

    /// Splits a word into name and value. A word with three dashes or none is not a flag; nor are `--` and `-=`.
    static func parts(of word: String) -> (name: String, value: String?) {
        // Scalars, because Go compares bytes: for Swift, a dash or '=' with a combining accent is a different character.
        let scalars = word.unicodeScalars
        guard scalars.first == "-" else { return ("", nil) }
        var bare = scalars.dropFirst()
        if bare.first == "-" { bare = bare.dropFirst() }
        guard let first = bare.first, first != "-", first != "=" else { return ("", nil) }
        guard let equals = bare.firstIndex(of: "=") else { return (String(bare), nil) }
        return (String(bare[..<equals]), String(bare[bare.index(after: equals)...]))
    }

    /// Flags without a value (go help build).
    private static let plain: Set = [
        "a", "asan", "buildvcs", "cover", "i", "json", "linkshared", "modcacherw", "msan", "n", "race", "trimpath", "v", "work", "x",
    ]
    /// Flags with a value.
    private static let valued: Set = [
        "C", "asmflags", "buildmode", "compiler", "covermode", "coverpkg", "exec", "gccgoflags", "gcflags", "installsuffix", "ldflags",
        "mod",
        "modfile", "o", "overlay", "p", "pgo", "pkgdir", "tags", "toolexec",
    ]
}

extension GoFlag {
    /// An assignment to a variable by the linker: a value of its flag `-X`.
    package struct Assignment: Hashable, Sendable {
        /// The package path, as the linker knows it: `main` is the program's own.
        package let package: String
        /// The value as given: `PACKAGE.NAME=TEXT`.
        package let text: String
    }

    /// All values of `-X` in flags of `go build`. Unparsable words are ignored, because the linker rejects them.
    package static func assignments(in words: [String]) -> [Assignment] {
        all(in: words).filter { $0.name == "ldflags" }.flatMap { flag -> [Assignment] in
            // Go reports unclosed quotes itself.
            guard let words = QuotedWords.split(flag.value ?? "") else { return [] }
            var (found, rest): ([Assignment], ArraySlice<String>) = ([], words[...])
            while let word = rest.popFirst() {
                // A package pattern may precede the first flag: PATTERN=-X
                let (name, own) = parts(of: word)
                let (patterned, behind) = name.isEmpty ? parts(of: Self.withoutPattern(word)) : (name, own)
                guard patterned == "X" || behind == nil && valuedByLinker.contains(patterned) else { continue }
                guard let value = behind ?? rest.popFirst(), patterned == "X" else { continue }
                if let assignment = Assignment(value) { found.append(assignment) }
            }
            return found
        }
    }

    /// Flags of `go tool link` that take the next word as their value.
    private static let valuedByLinker: Set = [
        "B", "E", "H", "I", "L", "R", "T", "buildid", "buildmode", "extar", "extld", "extldflags", "installsuffix", "k", "libgcc",
        "linkmode",
        "o", "r", "tmpdir",
    ]

    /// The words in a value of `GOFLAGS`; empty if Go cannot parse it.
    package static func words(ofGoFlags text: String) -> [String] { QuotedWords.split(text) ?? [] }

    private static func withoutPattern(_ word: String) -> String {
        guard let equals = word.firstIndex(of: "=") else { return word }
        return String(word[word.index(after: equals)...])
    }
}

extension GoFlag.Assignment {
    /// The package is everything before the last dot before the first `=` (cmd/link/internal/ld, addstrdata1).
    fileprivate init?(_ text: String) {
        let scalars = text.unicodeScalars
        guard let equals = scalars.firstIndex(of: "="), let dot = scalars[..<equals].lastIndex(of: ".") else { return nil }
        package = String(scalars[..<dot])
        self.text = text
    }
}

/// Blank-separated words that may be quoted, as Go splits the value of `-ldflags` and similar flags (cmd/internal/quoted, Split): a quote
/// is special only at the beginning of a word, and there are no escapes.
enum QuotedWords {
    /// The words; nil if a quote is not closed.
    static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var rest = text.unicodeScalars[...]
        while true {
            rest = rest.drop(while: isBlank)
            guard let first = rest.first else { return words }
            if first == "'" || first == "\"" {
                rest = rest.dropFirst()
                guard let end = rest.firstIndex(of: first) else { return nil }
                words.append(String(rest[..<end]))
                rest = rest[rest.index(after: end)...]
            } else {
                let end = rest.firstIndex(where: isBlank) ?? rest.endIndex
                words.append(String(rest[..<end]))
                rest = rest[end...]
            }
        }
    }

    /// Splits a text at blanks only, as Go before 1.18 does for cgo's variables and `-extldflags`.
    static func plain(_ text: String) -> [String] {
        text.unicodeScalars.split { $0.properties.isWhitespace }.map { String($0) }
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r"
    }
}
