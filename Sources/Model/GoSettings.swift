import Paths

/// What of a recipe's words for Go is more than a setting: it would run a program, or name a file, of the recipe's choice.
///
/// The lists here are of what is known to be harmless. All else is code, also what nobody has thought of.
public enum GoSettings {
    /// One flag or variable that is not known to be harmless.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The flag, or the variable with its value.
        public let what: String
        /// Why it is taken for code.
        public let why: String

        /// What, and why; control characters are shown as such.
        public var description: String { "\(ContainedPath.quoted(what.utf8)): \(why)" }
    }

    /// Looks through flags of `go build`.
    ///
    /// - Returns: what is code, each with the place of its word in the list.
    public static func code(inFlags words: [String]) -> [(index: Int, code: Code)] {
        GoFlag.all(in: words).compactMap { flag in reason(flag).map { (flag.index, Code(what: flag.words.joined(separator: " "), why: $0)) }
        }
    }

    /// Looks at one variable of the environment; nil when it is a setting.
    public static func code(inVariable name: String, _ value: String) -> Code? {
        reason(name, value).map { Code(what: "\(name)=\(value)", why: $0) }
    }

    /// Whether a text can be the name of a variable (POSIX, 3.216 "Name"). With `=` in it, it would set another one.
    static func isVariable(_ name: String) -> Bool { name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil }

    static let unknown = "it is not among those that are known to run no program and to name no file"

    // MARK: Flags of go build

    private static func reason(_ flag: GoFlag) -> String? {
        if flag.name.isEmpty { return "it is no flag: Go would take it for a package, or for the end of the flags" }
        if flag.lacksValue { return "it has no value, and would take the word that comes next" }
        switch (flag.name, flag.value) {
        case ("trimpath", nil), ("trimpath", "true"), ("buildvcs", "false"): return nil
        case ("a", nil), ("race", nil), ("msan", nil), ("asan", nil), ("modcacherw", nil): return nil
        case ("buildvcs", _): return "it has Go run git, hg or another such program in the tree"
        case ("tags", let value?): return words(value, by: /[\s,]/, of: /[A-Za-z0-9_.]+/)
        case ("mod", "vendor"), ("mod", "readonly"), ("buildmode", "exe"), ("buildmode", "pie"), ("buildmode", "default"): return nil
        case ("compiler", "gc"), ("pgo", "off"), ("pgo", "auto"): return nil
        case ("p", let value?): return value.wholeMatch(of: /[0-9]{1,3}/) == nil ? unknown : nil
        case ("installsuffix", let value?): return value.wholeMatch(of: /[A-Za-z0-9_]+/) == nil ? unknown : nil
        case ("ldflags", let value?): return tool(value) { linker($0) }
        case ("gcflags", let value?): return tool(value) { compiler($0) }
        case ("asmflags", let value?): return tool(value) { $0.isEmpty ? nil : unknown }
        default: return known[flag.name] ?? unknown
        }
    }

    private static let known = [
        "toolexec": "it has Go run a program of the recipe's choice in the place of its own tools",
        "exec": "it has Go run a program of the recipe's choice", "compiler": "it has Go run another compiler",
        "overlay": "it has Go read other files in the place of the tree's", "modfile": "it has Go read another file in the place of go.mod",
        "pkgdir": "it has Go take packages from another folder", "pgo": "it has Go read a file of the recipe's choice",
        "C": "it has Go work in another folder", "o": "it has Go write to a file of the recipe's choice",
        "work": "it leaves Go's folder behind", "buildmode": "it makes something else than a program",
        "mod": "it lets Go change go.mod, and take modules that the tree does not name",
    ]

    /// The words of `-ldflags` and its like: `[PATTERN=]WORDS` (go help build, "per-package flags").
    private static func tool(_ value: String, _ look: ([String]) -> String?) -> String? {
        // Scalars, because Go looks at bytes: to Swift a dash with an accent is no dash.
        var text = value.unicodeScalars.drop { $0.properties.isWhitespace }
        guard let first = text.first else { return nil }
        if first != "-" {
            guard let equals = text.firstIndex(of: "=") else { return unknown }
            text = text[text.index(after: equals)...]
        }
        guard let words = QuotedWords.split(String(text)) else { return "a quote in it is not closed" }
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
            case "X", "buildid", "linkmode", "extldflags":
                guard let value = own ?? rest.popFirst() else { return said(word) }
                if let reason = linker(name, value) { return reason }
            default: return said(word)
            }
        }
        return nil
    }

    private static func linker(_ name: String, _ value: String) -> String? {
        switch name {
        case "X": value.prefixMatch(of: /[A-Za-z0-9_][^\s=]*\.[A-Za-z0-9_]+=/) == nil ? said("-X \(value)") : nil
        case "buildid": value.hasPrefix("@") ? said("-buildid \(value)") : nil
        case "linkmode": ["internal", "external", "auto"].contains(value) ? nil : said("-linkmode \(value)")
        default: cWords(value, isLinking: true)
        }
    }

    /// Flags of `go tool compile`.
    private static func compiler(_ words: [String]) -> String? {
        words.first { $0.wholeMatch(of: /--?(N|e|(l|m)(=[0-9])?|c=[0-9]{1,3}|dwarf=(true|false)|lang=go1\.[0-9]{1,3})/) == nil }.map(said)
    }

    // MARK: Flags of the C compiler

    /// Flags for the C compiler, as cgo's variables and `-extldflags` have them. Go before 1.18 knows no quotes in them, later ones do: both
    /// readings must be harmless.
    private static func cWords(_ text: String, isLinking: Bool) -> String? {
        guard let quoted = QuotedWords.split(text) else { return "a quote in it is not closed" }
        return (quoted + QuotedWords.plain(text)).first { !isHarmless($0, isLinking: isLinking) }.map(said)
    }

    private static func isHarmless(_ word: String, isLinking: Bool) -> Bool {
        isForCompiler(word) || isLinking && isForLinking(word)
    }

    /// Words of cc(1) that define, warn and tune. None of them names a file, a folder or a program; `-B`, `-specs=`, `-fplugin=` and `@file` do.
    private static func isForCompiler(_ word: String) -> Bool {
        if word.wholeMatch(of: /-D[A-Za-z_][A-Za-z0-9_]*(=[^\x00-\x1f]*)?/) != nil { return true }
        if word.wholeMatch(of: /-U[A-Za-z_][A-Za-z0-9_]*/) != nil { return true }
        if word.wholeMatch(of: /-(O[0-3sgz]?|Ofast|g[0-3]?|ggdb[0-3]?|w|pipe|pthread|ansi|pedantic)/) != nil { return true }
        if word.wholeMatch(of: /-(std|march|mtune)=[A-Za-z0-9+:.-]+|-m(32|64)/) != nil { return true }
        // Not -Wl, -Wp and -Wa, which hand words with commas on to other programs.
        if word.wholeMatch(of: /-W[a-z][a-z0-9+-]*(=[a-z0-9+-]+)?/) != nil, !["-Wl", "-Wp", "-Wa"].contains(word) { return true }
        guard let name = word.wholeMatch(of: /-f(no-)?([a-zA-Z-]+(=[a-z]+)?)/)?.2 else { return false }
        return codeGeneration.contains(String(name))
    }

    /// What may stand behind `-f` or `-fno-`.
    private static let codeGeneration: Set = [
        "PIC", "pic", "PIE", "pie", "plt", "common", "stack-protector", "stack-protector-strong", "stack-protector-all",
        "omit-frame-pointer",
        "strict-aliasing", "strict-overflow", "wrapv", "exceptions", "asynchronous-unwind-tables", "unwind-tables", "function-sections",
        "data-sections", "visibility=hidden", "visibility=default", "stack-clash-protection", "cf-protection", "cf-protection=full",
        "cf-protection=none", "signed-char", "unsigned-char", "builtin", "delete-null-pointer-checks", "math-errno", "ident",
    ]

    /// Words of cc(1) when it links. A library is named by what it is called, and looked for where the system has libraries.
    private static func isForLinking(_ word: String) -> Bool {
        if word.hasPrefix("-Wl,") {
            return word.dropFirst(4).split(separator: ",", omittingEmptySubsequences: false).allSatisfy { forLd.contains(String($0)) }
        }
        if word.wholeMatch(of: /-l[A-Za-z0-9_][A-Za-z0-9_.+-]*/) != nil { return true }
        return ["-static", "-static-pie", "-static-libgcc", "-static-libstdc++", "-pie", "-no-pie", "-s", "-rdynamic"].contains(word)
    }

    /// Words of ld(1).
    private static let forLd: Set = [
        "-z", "relro", "now", "lazy", "noexecstack", "nodelete", "defs", "norelro", "--gc-sections", "--as-needed", "--no-as-needed",
        "--whole-archive", "--no-whole-archive", "-s", "-S", "--strip-all", "--strip-debug", "--build-id", "--build-id=none",
        "--build-id=sha1",
        "--hash-style=gnu", "--hash-style=both", "-Bstatic", "-Bdynamic", "-Bsymbolic", "--start-group", "--end-group", "-O1", "-O2",
        "--no-undefined", "--export-dynamic", "-E", "--allow-multiple-definition", "--warn-common", "--fatal-warnings",
    ]

    // MARK: Variables of the environment

    private static func reason(_ name: String, _ value: String) -> String? {
        switch name {
        case "CGO_ENABLED", "GO_EXTLINK_ENABLED": return ["0", "1"].contains(value) ? nil : unknown
        case "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_FFLAGS": return cWords(value, isLinking: false)
        case "CGO_LDFLAGS": return cWords(value, isLinking: true)
        case "GOPROXY": return words(value, by: /[,|]/, of: /off|direct|(https?|file):\/\/[^\s,|]+/)
        case "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GONOSUMCHECK": return words(value, by: /,/, of: /[A-Za-z0-9.*?_~\/\[\]-]+/)
        case "GOSUMDB": return value.wholeMatch(of: /off|[A-Za-z0-9.+\/=-]+( https:\/\/\S+)?/) == nil ? unknown : nil
        case "GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOARM", "GO386", "GOMIPS", "GOMIPS64", "GOPPC64", "GORISCV64":
            return value.wholeMatch(of: /[A-Za-z0-9_.,]+/) == nil ? unknown : nil
        case "GOEXPERIMENT": return words(value, by: /,/, of: /[A-Za-z0-9_]+/)
        case "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "SOURCE_DATE_EPOCH":
            return value.wholeMatch(of: /off|[0-9]+([KMGT]i?B)?/) == nil ? unknown : nil
        default: return kind(of: name)
        }
    }

    private static func kind(of name: String) -> String {
        if name.hasPrefix("LD_") { return "it has the loader put code into every program" }
        if name.hasPrefix("GIT_") { return "it changes what git does, which Go may run" }
        if name.hasPrefix("CGO_") { return "it lifts Go's own limits on what a C compiler is told" }
        switch name {
        case "PATH", "CC", "CXX", "AR", "FC", "GCCGO", "PKG_CONFIG", "GOCACHEPROG", "GOAUTH": return "it names a program that Go would run"
        case "GOFLAGS": return "it may hold any flag"
        case "GOENV", "GOROOT", "GOPATH", "GOCACHE", "GOMODCACHE", "GOTMPDIR", "GOTOOLDIR", "GOBIN", "GOWORK", "HOME", "TMPDIR", "PWD":
            return "it names a file or a folder that Go would use"
        case "GOTOOLCHAIN", "GOVCS", "GO111MODULE", "GOINSECURE":
            return "it lets Go take something that the recipe's source does not vouch for"
        default: return unknown
        }
    }

    // MARK: Words

    private static func words<Divider: RegexComponent, Word: RegexComponent>(_ text: String, by divider: Divider, of word: Word) -> String?
    {
        let found = text.split(separator: divider)
        return found.allSatisfy { $0.wholeMatch(of: word) != nil } ? nil : unknown
    }

    private static func said(_ word: String) -> String { "\(ContainedPath.quoted(word.utf8)) in it: \(unknown)" }
}
