import Model
import Paths

extension Approach {
    /// Parses an approach.
    ///
    /// - Parameters:
    ///   - yaml: the file's text.
    ///   - file: the file's path, for messages.
    ///   - name: the approach's name.
    /// - Throws: `Diagnostic` with file, line and column of the first error.
    package init(yaml: String, file: String, name: String) throws(Diagnostic) {
        let map = try YamlMap.parse(yaml, file: file, schema: Schema.approach)
        self.name = name
        title = try map.text("title")
        order = try map.value("order", expected: "a number")
        changes = try map.text("changes")
        claim = try map.text("claim")
        finding = map.has("finding") ? try Finding(map.map("finding", schema: Schema.finding)) : nil
        goodFor = try map.text("goodFor")
        subject = map.has("subject") ? try map.value("subject", expected: Self.subjects) : .series([])
        runtime = map.has("runtime") ? try map.word("runtime") : .runsc
        kubelet = try map.list("kubelet", schema: Schema.kubelet).each(KubeletSettings.init)
        tools = try map.list("tools", schema: Schema.tool).each(Tool.init)
        compiled = try map.list("compile", schema: Schema.compiled).each(Compiled.init)
        copies = try map.list("copies", schema: Schema.copy).each(DirectoryCopy.init)
        binds = try map.list("binds", schema: Schema.bind).each(Bind.init)
        fuse = map.has("fuse") ? try Fuse(map.map("fuse", schema: Schema.fuse)) : nil
        preload = map.has("preload") ? try map.sandboxPath("preload") : nil
        wrapper = try map.plainWords("wrapper")
        questions = try map.list("asks", schema: Schema.question).each(Question.init)
        if let preload, !compiled.contains(where: { $0.place == preload && $0.isShared }) {
            throw map.complaint("preload", "expected a shared library of 'compile', found '\(preload)'")
        }
    }

    private static let subjects = "'none', 'recipe', 'control-plane', or patches such as cadvisor/9p-line"
}

extension Approach.Subject: LosslessStringConvertible {
    /// Parses a subject in the form that the file uses.
    package init?(_ text: String) {
        switch text {
        case "none": self = .series([])
        case "recipe": self = .recipe
        case "control-plane": self = .controlPlane
        default:
            let words = text.split(separator: ",", omittingEmptySubsequences: false)
            let names = words.compactMap { PatchName(String($0.drop { $0 == " " })) }
            guard names.count == words.count else { return nil }
            self = .series(names)
        }
    }

    /// The subject in the form that the file uses.
    package var description: String {
        switch self {
        case .series(let names): names.isEmpty ? "none" : names.map(\.description).joined(separator: ",")
        case .recipe: "recipe"
        case .controlPlane: "control-plane"
        }
    }
}

extension [YamlMap] {
    fileprivate func each<T>(_ read: (YamlMap) throws(Diagnostic) -> T) throws(Diagnostic) -> [T] {
        var values: [T] = []
        for map in self { values.append(try read(map)) }
        return values
    }
}

extension YamlMap {
    fileprivate func sandboxPath(_ key: String) throws(Diagnostic) -> SandboxPath {
        try value(key, expected: "an absolute path of letters, digits and -_./:=,+@%")
    }

    fileprivate func plainWords(_ key: String) throws(Diagnostic) -> [PlainWord] {
        try values(key, expected: "a word of letters, digits and -_./:=,+@%")
    }

    fileprivate func flag(_ key: String) throws(Diagnostic) -> Bool {
        has(key) ? try value(key, expected: "true or false") : false
    }

    fileprivate func flags(_ key: String) throws(Diagnostic) -> [String: Bool] {
        var flags: [String: Bool] = [:]
        for (name, text) in try texts(key) {
            guard let flag = Bool(text) else { throw complaint(key, "expected true or false at '\(name)', found '\(text)'") }
            guard name.utf8.allSatisfy({ $0 < 128 && Character(UnicodeScalar($0)).isLetter || Character(UnicodeScalar($0)).isNumber })
            else {
                throw complaint(key, "expected a name of letters and digits, found '\(name)'")
            }
            flags[name] = flag
        }
        return flags
    }
}

extension Approach.Finding {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        outcome = try map.word("when")
        text = try map.text("text")
    }
}

extension Approach.KubeletSettings {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        versions = map.has("versions") ? try map.value("versions", expected: "a version range such as '<1.25'") : nil
        featureGates = try map.flags("featureGates")
        fields = try map.flags("fields")
    }
}

extension Approach.Tool {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        let text = try map.text("name")
        guard SandboxPath(text) != nil || (PlainWord(text) != nil && YamlMap.isFileName(text)) else {
            throw map.complaint("name", "expected a program name or an absolute path, found '\(text)'")
        }
        name = text
        package = try map.name("package", extra: "+-.", like: "a Debian package's name")
    }
}

extension Approach.Compiled {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        source = try map.path("source").description
        place = try map.sandboxPath("at")
        isShared = try map.flag("shared")
    }
}

extension Approach.DirectoryCopy {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        source = map.has("of") ? try map.sandboxPath("of") : nil
        place = try map.sandboxPath("at")
        files = try map.texts("files")
        for name in files.keys where PlainWord(name) == nil || !YamlMap.isFileName(name) {
            throw map.complaint("files", "expected a plain file name, found '\(name)'")
        }
    }
}

extension Approach.Bind {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        source = try map.sandboxPath("of")
        place = try map.sandboxPath("at")
    }
}

extension Approach.Fuse {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        run = try map.plainWords("run")
        place = try map.sandboxPath("at")
        guard !run.isEmpty else { throw map.complaint("run", "expected a program") }
    }
}

extension Approach.Question {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        title = try map.text("title")
        run = try map.plainWords("run")
        isPreloaded = try map.flag("preloaded")
        isEarly = try map.flag("early")
        guard !run.isEmpty else { throw map.complaint("run", "expected a program") }
    }
}
