import Paths

/// Finds flags and variables in a recipe that are more than settings: those that could make Go run a program or read a file of the recipe's
/// choice.
///
/// The lists here contain what is known to be harmless. Everything else counts as code, including anything unforeseen.
package enum GoSettings {
    /// A flag or variable that is not known to be harmless.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The flag, or the variable with its value.
        package let what: String
        /// Why it counts as code.
        package let why: String

        /// The flag or variable and the reason; control characters are escaped.
        package var description: String { "\(ContainedPath.quoted(what.utf8)): \(why)" }
    }

    /// Checks flags of `go build`.
    ///
    /// - Returns: the flags that count as code, each with the index of its word in the list.
    package static func code(inFlags words: [String]) -> [(index: Int, code: Code)] {
        GoFlag.all(in: words).compactMap { flag in reason(flag).map { (flag.index, Code(what: flag.words.joined(separator: " "), why: $0)) }
        }
    }

    /// Checks an environment variable; nil if it is only a setting.
    package static func code(inVariable name: String, _ value: String) -> Code? {
        reason(name, value).map { Code(what: "\(name)=\(value)", why: $0) }
    }

    /// Whether a text can be a variable name (POSIX, 3.216 "Name"). A name with `=` would set another variable.
    static func isVariable(_ name: String) -> Bool { isAll(name, /[A-Za-z_][A-Za-z0-9_]*/) }

    static let unknown = "it is not on the list of settings known to run no program and name no file"

    // MARK: Flags of go build

    private static func reason(_ flag: GoFlag) -> String? {
        if flag.name.isEmpty { return "it is not a flag: Go would read it as a package or as the end of the flags" }
        if flag.lacksValue { return "it has no value and would consume the next word" }
        guard isASCII(flag.name) else { return unknown }
        switch (flag.name, flag.value) {
        case ("trimpath", nil), ("trimpath", "true"), ("buildvcs", "false"): return nil
        case ("a", nil), ("race", nil), ("msan", nil), ("asan", nil), ("modcacherw", nil), ("v", nil): return nil
        case ("buildvcs", _): return "it makes Go run git, hg, or a similar program in the tree"
        case ("tags", let value?): return words(value, by: /[\s,]/, of: /[A-Za-z0-9_.]+/)
        case ("mod", "vendor"), ("mod", "readonly"), ("buildmode", "exe"), ("buildmode", "pie"), ("buildmode", "default"): return nil
        case ("compiler", "gc"), ("pgo", "off"), ("pgo", "auto"): return nil
        case ("p", let value?): return isAll(value, /[0-9]{1,3}/) ? nil : unknown
        case ("installsuffix", let value?): return isAll(value, /[A-Za-z0-9_]+/) ? nil : unknown
        case ("ldflags", let value?): return tool(value) { linker($0) }
        case ("gcflags", let value?): return tool(value) { compiler($0) }
        case ("asmflags", let value?): return tool(value) { assembler($0) }
        default: return known[flag.name] ?? unknown
        }
    }

    private static let known = [
        "toolexec": "it makes Go run a program chosen by the recipe instead of its own tools",
        "exec": "it makes Go run a program chosen by the recipe", "compiler": "it makes Go run another compiler",
        "overlay": "it makes Go read other files instead of the tree's", "modfile": "it makes Go read another file instead of go.mod",
        "pkgdir": "it makes Go use packages from another folder", "pgo": "it makes Go read a file chosen by the recipe",
        "C": "it makes Go work in another folder", "o": "it makes Go write to a file chosen by the recipe",
        "work": "it leaves Go's temporary folder behind", "buildmode": "it builds something other than a program",
        "mod": "it lets Go change go.mod and use modules that the tree does not list",
    ]

    /// The words in `-ldflags` and similar flags: `[PATTERN=]WORDS` (go help build, "per-package flags").
    private static func tool(_ value: String, _ look: ([String]) -> String?) -> String? {
        // Scalars, because Go compares bytes: for Swift, a dash with a combining accent is not a dash.
        var text = value.unicodeScalars.drop { $0.properties.isWhitespace }
        guard let first = text.first else { return nil }
        if first != "-" {
            guard let equals = text.firstIndex(of: "="), text[..<equals].allSatisfy(\.isASCII) else { return unknown }
            text = text[text.index(after: equals)...]
        }
        guard let words = QuotedWords.split(String(text)) else { return "it has an unclosed quote" }
        return look(words)
    }

    // MARK: Flags of the linker and the compiler

    /// Flags of `go tool link`.
    private static func linker(_ words: [String]) -> String? {
        var rest = words[...]
        while let word = rest.popFirst() {
            let (name, own) = GoFlag.parts(of: word)
            switch name {
            case "s", "w", "bindnow", "compressdwarf", "checklinkname":
                guard own == nil || ["true", "false", "0", "1"].contains(own) else { return said(word) }
            case "X", "B", "buildid", "linkmode", "extldflags":
                guard let value = own ?? rest.popFirst() else { return said(word) }
                if let reason = linker(name, value) { return reason }
            default: return said(word)
            }
        }
        return nil
    }

    private static func linker(_ name: String, _ value: String) -> String? {
        switch name {
        case "X": isAssignment(value) ? nil : said("-X \(value)")
        case "B": isAll(value, /gobuildid|none|0x[0-9A-Fa-f]{2,64}/) ? nil : said("-B \(value)")
        // The linker reads a file for a word that begins with '@' (cmd/internal/objabi, expandArgs).
        case "buildid": isAll(value, /[A-Za-z0-9_.\/+-]*/) ? nil : said("-buildid \(value)")
        case "linkmode": ["internal", "external", "auto"].contains(value) ? nil : said("-linkmode \(value)")
        default: cWords(value, isLinking: true)
        }
    }

    /// Whether a value of `-X` is `PACKAGE.NAME=TEXT`. Any text is allowed, because it becomes a string in the program.
    private static func isAssignment(_ value: String) -> Bool {
        let scalars = value.unicodeScalars
        guard let equals = scalars.firstIndex(of: "=") else { return false }
        return isAll(String(scalars[..<equals]), /[A-Za-z0-9_][^\s=]*\.[A-Za-z0-9_]+/)
    }

    /// Flags of `go tool compile`.
    private static func compiler(_ words: [String]) -> String? {
        words.first { word in
            !isTrimming(word) && !isAll(word, /--?(N|e|(l|m)(=[0-9])?|c=[0-9]{1,3}|dwarf=(true|false)|lang=go1\.[0-9]{1,3})/)
        }.map(said)
    }

    /// Flags of `go tool asm`.
    private static func assembler(_ words: [String]) -> String? { words.first { !isTrimming($0) }.map(said) }

    /// Whether a word rewrites the source paths in a binary. Its value is plain text; no file is read.
    private static func isTrimming(_ word: String) -> Bool { isAll(word, /--?trimpath=[^\x00-\x20\x7f]*/) }

    // MARK: Flags of the C compiler

    /// Flags for the C compiler in cgo's variables and in `-extldflags`. Go before 1.18 does not interpret quotes in them, later versions
    /// do. Both interpretations must be harmless.
    private static func cWords(_ text: String, isLinking: Bool) -> String? {
        guard let quoted = QuotedWords.split(text) else { return "it has an unclosed quote" }
        let readings = [quoted, QuotedWords.plain(text)]
        return readings.lazy.compactMap { isLinking ? LinkerWords.strange(in: $0) : $0.first { !isForCompiler($0) } }.first.map(said)
    }

    /// Options of cc(1) that define, warn and tune. None of them names a file, a directory or a program; `-B`, `-specs=`, `-fplugin=` and
    /// `@file` do.
    fileprivate static func isForCompiler(_ word: String) -> Bool {
        guard isASCII(word) else { return false }
        if isAll(word, /-D[A-Za-z_][A-Za-z0-9_]*(=[^\x00-\x1f]*)?/) { return true }
        if isAll(word, /-U[A-Za-z_][A-Za-z0-9_]*/) { return true }
        if isAll(word, /-(O[0-3sgz]?|Ofast|g[0-3]?|ggdb[0-3]?|w|pipe|pthread|ansi|pedantic)/) { return true }
        if isAll(word, /-(std|march|mtune)=[A-Za-z0-9+:.-]+|-m(32|64)/) { return true }
        // Not -Wl, -Wp and -Wa, which pass comma-separated options to other programs.
        if isAll(word, /-W[a-z][a-z0-9+-]*(=[a-z0-9+-]+)?/), !["-Wl", "-Wp", "-Wa"].contains(word) { return true }
        guard let name = word.wholeMatch(of: /-f(no-)?([a-zA-Z-]+(=[a-z]+)?)/)?.2 else { return false }
        return codeGeneration.contains(String(name))
    }

    /// What may follow `-f` or `-fno-`.
    private static let codeGeneration: Set = [
        "PIC", "pic", "PIE", "pie", "plt", "common", "stack-protector", "stack-protector-strong", "stack-protector-all",
        "omit-frame-pointer",
        "strict-aliasing", "strict-overflow", "wrapv", "exceptions", "asynchronous-unwind-tables", "unwind-tables", "function-sections",
        "data-sections", "visibility=hidden", "visibility=default", "stack-clash-protection", "cf-protection", "cf-protection=full",
        "cf-protection=none", "signed-char", "unsigned-char", "builtin", "delete-null-pointer-checks", "math-errno", "ident",
    ]

    // MARK: Variables of the environment

    private static func reason(_ name: String, _ value: String) -> String? {
        guard isVariable(name) else { return "it is not a variable name" }
        // For Go, an empty variable is unset, and each of these has a harmless default.
        if value.isEmpty, mayBeEmpty.contains(name) { return nil }
        switch name {
        case "CGO_ENABLED", "GO_EXTLINK_ENABLED": return ["0", "1"].contains(value) ? nil : unknown
        case "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_FFLAGS": return cWords(value, isLinking: false)
        case "CGO_LDFLAGS": return cWords(value, isLinking: true)
        case "GOPROXY": return words(value, by: /[,|]/, of: /off|direct|(?:https?|file):\/\/[^\s,|]+/)
        case "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GONOSUMCHECK": return words(value, by: /,/, of: /[A-Za-z0-9.*?_~\/\[\]-]+/)
        case "GOSUMDB": return isAll(value, /off|[A-Za-z0-9.+\/=-]+( https:\/\/\S+)?/) ? nil : unknown
        case "GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOARM", "GO386", "GOMIPS", "GOMIPS64", "GOPPC64", "GORISCV64":
            return isAll(value, /[A-Za-z0-9_.,]+/) ? nil : unknown
        case "GOEXPERIMENT": return words(value, by: /,/, of: /[A-Za-z0-9_]+/)
        case "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "SOURCE_DATE_EPOCH":
            return isAll(value, /off|[0-9]+([KMGT]i?B)?/) ? nil : unknown
        case "GOFIPS140": return isAll(value, /off|latest|v[0-9]+(\.[0-9]+){0,2}/) ? nil : unknown
        case "GOTOOLCHAIN" where value == "local": return nil
        case "GOFLAGS": return goFlags(value)
        default: return kind(of: name)
        }
    }

    private static let mayBeEmpty: Set = [
        "CGO_ENABLED", "GO_EXTLINK_ENABLED", "GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOARM", "GO386", "GOMIPS", "GOMIPS64", "GOPPC64",
        "GORISCV64", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "SOURCE_DATE_EPOCH", "GOFIPS140",
    ]

    /// `GOFLAGS` contains only flags with `=`. Go releases differ in whether they interpret quotes in it. Both interpretations must be
    /// harmless.
    private static func goFlags(_ value: String) -> String? {
        guard let quoted = QuotedWords.split(value) else { return "it has an unclosed quote" }
        for word in quoted + QuotedWords.plain(value) {
            for flag in GoFlag.all(in: [word]) {
                if let reason = reason(flag) { return "\(ContainedPath.quoted(word.utf8)) in it: \(reason)" }
            }
        }
        return nil
    }

    private static func kind(of name: String) -> String {
        if name.hasPrefix("LD_") { return "it makes the loader inject code into every program" }
        if name.hasPrefix("GIT_") { return "it changes the behavior of git, which Go may run" }
        if name.hasPrefix("CGO_") { return "it lifts Go's own restrictions on C compiler flags" }
        switch name {
        case "PATH", "CC", "CXX", "AR", "FC", "GCCGO", "PKG_CONFIG", "GOCACHEPROG", "GOAUTH": return "it names a program that Go would run"
        case "GOENV", "GOROOT", "GOPATH", "GOCACHE", "GOMODCACHE", "GOTMPDIR", "GOTOOLDIR", "GOBIN", "GOWORK", "HOME", "TMPDIR", "PWD":
            return "it names a file or folder that Go would use"
        case "GOTOOLCHAIN", "GOVCS", "GO111MODULE", "GOINSECURE":
            return "it lets Go use code that is not verified by the recipe's source"
        default: return unknown
        }
    }

    // MARK: Words

    private static func words(_ text: String, by divider: Regex<Substring>, of word: Regex<Substring>) -> String? {
        guard isASCII(text) else { return unknown }
        return text.split(separator: divider.matchingSemantics(.unicodeScalar)).allSatisfy { isAll(String($0), word) } ? nil : unknown
    }

    private static func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

    /// Whether a text is ASCII and matches a pattern. Go and the tools it runs compare bytes, while a Swift character may consist of
    /// several: `@` with a combining accent does not equal `@` in Swift, but begins with `@` in Go.
    fileprivate static func isAll<Output>(_ text: String, _ pattern: Regex<Output>) -> Bool {
        isASCII(text) && text.wholeMatch(of: pattern.matchingSemantics(.unicodeScalar)) != nil
    }

    private static func said(_ word: String) -> String { "\(ContainedPath.quoted(word.utf8)) in it: \(unknown)" }
}

/// Options of cc(1) for linking, some of which it passes to ld(1).
private enum LinkerWords {
    /// The kind of argument that the previous word expects.
    private enum Awaited { case nothing, wordOfCC, wordOfLd }

    /// The first word that is not known to be harmless; nil if all are.
    static func strange(in words: [String]) -> String? {
        var awaited = Awaited.nothing
        for word in words {
            switch (awaited, word) {
            case (.wordOfCC, _) where keywords.contains(word): awaited = .nothing
            case (.nothing, "-z"): awaited = .wordOfCC
            case (.wordOfCC, _): return word
            case _ where handedOn(word) != nil:
                for own in handedOn(word) ?? [] where !take(own, &awaited) { return word }
            case (.wordOfLd, _): return word
            default: guard isHarmless(word) else { return word }
            }
        }
        return awaited == .nothing ? nil : words.last
    }

    /// The ld words in a cc word; nil if there are none.
    private static func handedOn(_ word: String) -> [String]? {
        guard GoSettings.isAll(word, /-Wl,.*/.dotMatchesNewlines()) else { return nil }
        return word.dropFirst(4).split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    /// Processes a word for ld; false if it is not known to be harmless. For ld, a word without a dash is a file, except directly after
    /// `-z`.
    private static func take(_ word: String, _ awaited: inout Awaited) -> Bool {
        if awaited == .wordOfLd {
            awaited = .nothing
            return keywords.contains(word)
        }
        if word == "-z" { awaited = .wordOfLd }
        return word == "-z" || isKeyword(word) || known.contains(word)
    }

    /// A library is given by name and searched for in the system's library directories.
    private static func isHarmless(_ word: String) -> Bool {
        GoSettings.isForCompiler(word) || isKeyword(word) || GoSettings.isAll(word, /-l[A-Za-z0-9_][A-Za-z0-9_.+-]*/)
            || plain.contains(word)
    }

    private static func isKeyword(_ word: String) -> Bool { keywords.contains { word == "-z\($0)" } }

    private static let plain = ["-static", "-static-pie", "-static-libgcc", "-static-libstdc++", "-pie", "-no-pie", "-s", "-rdynamic"]

    /// What may follow `-z` (ld(1)).
    private static let keywords: Set = [
        "relro", "norelro", "now", "lazy", "defs", "nodelete", "noexecstack", "text", "separate-code", "noseparate-code",
    ]

    /// Options of ld(1) without an argument.
    private static let known: Set = [
        "--gc-sections", "--as-needed", "--no-as-needed", "--whole-archive", "--no-whole-archive", "-s", "-S", "--strip-all",
        "--strip-debug",
        "--build-id", "--build-id=none", "--build-id=sha1", "--hash-style=gnu", "--hash-style=both", "-Bstatic", "-Bdynamic", "-Bsymbolic",
        "--start-group", "--end-group", "-O1", "-O2", "--no-undefined", "--export-dynamic", "-E", "--allow-multiple-definition",
        "--warn-common", "--fatal-warnings",
    ]
}
