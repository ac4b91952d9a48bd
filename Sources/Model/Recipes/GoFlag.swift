/// A flag of `go build`, as Go reads it (flag package: one dash or two, the value behind `=` or as the next word).
package struct GoFlag: Hashable, Sendable {
    /// Its name without dashes; empty for a word that is no flag.
    package let name: String
    /// Its value; nil when it has none.
    package let value: String?
    /// Whether it wants a value and has none: it would take whatever comes next.
    let lacksValue: Bool
    /// The words that it was read from.
    package let words: [String]
    /// The place of the first of them in the list.
    let index: Int

    /// The flag in words of one spelling, `-name=value`, where it is one that Ninepin knows; else as it was.
    package var spelled: [String] {
        guard Self.valued.contains(name), let value else { return words }
        return ["-\(name)=\(value)"]
    }

    /// Reads a list of words.
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
        // Whether a flag that nobody knows takes a value cannot be told; its neighbor tells enough for a message.
        guard let next, valued.contains(name) || next.unicodeScalars.first != "-" else {
            return GoFlag(name: name, value: nil, lacksValue: valued.contains(name), words: [word], index: index)
        }
        return GoFlag(name: name, value: next, lacksValue: false, words: [word, next], index: index)
    }

    /// Name and value of a word. Three dashes, or none, are no flag; nor are `--` and `-=`.
    static func parts(of word: String) -> (name: String, value: String?) {
        // Scalars, because Go looks at bytes: to Swift a dash, or '=', with an accent is another letter.
        let scalars = word.unicodeScalars
        guard scalars.first == "-" else { return ("", nil) }
        var bare = scalars.dropFirst()
        if bare.first == "-" { bare = bare.dropFirst() }
        guard let first = bare.first, first != "-", first != "=" else { return ("", nil) }
        guard let equals = bare.firstIndex(of: "=") else { return (String(bare), nil) }
        return (String(bare[..<equals]), String(bare[bare.index(after: equals)...]))
    }

    /// Flags that take no value of their own (go help build).
    private static let plain: Set = [
        "a", "asan", "buildvcs", "cover", "i", "json", "linkshared", "modcacherw", "msan", "n", "race", "trimpath", "v", "work", "x",
    ]
    /// Flags that take one.
    private static let valued: Set = [
        "C", "asmflags", "buildmode", "compiler", "covermode", "coverpkg", "exec", "gccgoflags", "gcflags", "installsuffix", "ldflags",
        "mod",
        "modfile", "o", "overlay", "p", "pgo", "pkgdir", "tags", "toolexec",
    ]
}

extension GoFlag {
    /// What the linker is told to write into a variable: a value of its flag `-X`.
    package struct Assignment: Hashable, Sendable {
        /// The package's path, as the linker knows it: `main` is the program's own.
        package let package: String
        /// The value, as it was given: `PACKAGE.NAME=TEXT`.
        package let text: String
    }

    /// All values of `-X` that flags of `go build` hold. A word that cannot be read is none: the linker refuses it itself.
    package static func assignments(in words: [String]) -> [Assignment] {
        all(in: words).filter { $0.name == "ldflags" }.flatMap { flag -> [Assignment] in
            // A quote that is not closed is Go's to complain about.
            guard let words = QuotedWords.split(flag.value ?? "") else { return [] }
            var (found, rest): ([Assignment], ArraySlice<String>) = ([], words[...])
            while let word = rest.popFirst() {
                // A pattern of packages may stand before the first flag: PATTERN=-X
                let (name, own) = parts(of: word)
                let (patterned, behind) = name.isEmpty ? parts(of: Self.withoutPattern(word)) : (name, own)
                guard patterned == "X" || behind == nil && valuedByLinker.contains(patterned) else { continue }
                guard let value = behind ?? rest.popFirst(), patterned == "X" else { continue }
                if let assignment = Assignment(value) { found.append(assignment) }
            }
            return found
        }
    }

    /// Flags of `go tool link` that take the word behind them.
    private static let valuedByLinker: Set = [
        "B", "E", "H", "I", "L", "R", "T", "buildid", "buildmode", "extar", "extld", "extldflags", "installsuffix", "k", "libgcc",
        "linkmode",
        "o", "r", "tmpdir",
    ]

    /// The words of a value of `GOFLAGS`; none for one that Go cannot read.
    package static func words(ofGoFlags text: String) -> [String] { QuotedWords.split(text) ?? [] }

    private static func withoutPattern(_ word: String) -> String {
        guard let equals = word.firstIndex(of: "=") else { return word }
        return String(word[word.index(after: equals)...])
    }
}

extension GoFlag.Assignment {
    /// The package is all before the last dot before the first `=` (cmd/link/internal/ld, addstrdata1).
    fileprivate init?(_ text: String) {
        let scalars = text.unicodeScalars
        guard let equals = scalars.firstIndex(of: "="), let dot = scalars[..<equals].lastIndex(of: ".") else { return nil }
        package = String(scalars[..<dot])
        self.text = text
    }
}

/// Words divided by blanks, of which each may be quoted, as Go divides the value of `-ldflags` and the like (cmd/internal/quoted, Split): a quote
/// means something only at the beginning of a word, and nothing is escaped.
enum QuotedWords {
    /// The words; nil when a quote is not closed.
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

    /// The words of a text by blanks alone: what Go before 1.18 makes of the variables of cgo and of `-extldflags`.
    static func plain(_ text: String) -> [String] {
        text.unicodeScalars.split { $0.properties.isWhitespace }.map { String($0) }
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r"
    }
}
