/// A parsed file of a recipe, not yet merged with those that it extends.
package struct RecipeFile: Sendable {
    /// The file's path as given.
    package let file: String
    /// The recipe that this one extends, as a name or a path relative to this file; nil if none.
    package let parent: String?
    private let body: YamlValue
    private let ranges: [YamlValue]

    /// Parses a file.
    ///
    /// - Throws: `Diagnostic` if it is not a YAML mapping, or if `extends` or `ranges` is invalid.
    package init(yaml: String, file: String) throws(Diagnostic) {
        self.file = file
        let root = try YamlValue(yaml, file: file, expected: "a recipe")
        guard case .mapping = root.content else { throw root.complaint("expected a mapping of keys to values, found \(root.form)") }
        switch root["extends"]?.content {
        case nil: parent = nil
        case .scalar(let name) where !name.isEmpty: parent = name
        default: throw (root["extends"] ?? root).complaint("'extends': expected a recipe's name")
        }
        switch root["ranges"]?.content {
        case nil: ranges = []
        case .sequence(let items): ranges = items
        default: throw (root["ranges"] ?? root).complaint("'ranges': expected a list of mappings, each with 'versions'")
        }
        body = root.without(["extends", "ranges"])
    }

    /// Merges all files into one value. Each file overrides the files before it, and is overridden by its own ranges that contain the
    /// version.
    static func layered(
        _ files: [RecipeFile], version wanted: Version?, architecture: Architecture
    ) throws(Diagnostic) -> YamlValue {
        guard let first = files.first else { throw Diagnostic(file: "", message: "a recipe needs at least one file") }
        let plain = files.dropFirst().reduce(first.body) { $0.overlaid(by: $1.body, whole: whole) }
        let written = try version(of: plain)
        let version = wanted ?? written
        var value = first.body
        for (index, file) in files.enumerated() {
            if index > 0 { value = value.overlaid(by: file.body, whole: whole) }
            for range in file.ranges where try Self.range(range).contains(version) {
                value = value.overlaid(by: range.without(["versions"]), whole: whole)
            }
        }
        return try value.choosing(architecture).replacing("{version}", with: version.plain)
            .replacing("{arch}", with: architecture.rawValue)
    }

    /// The version that a recipe is for, if its source is not the wanted version; nil if it is.
    ///
    /// A source is of a version if it names that version: by `{version}`, or by a text for a range of versions.
    ///
    /// - Throws: `Diagnostic` if a version or a range is invalid.
    package static func onlyVersion(_ files: [RecipeFile], wanted: Version) throws(Diagnostic) -> Version? {
        guard let first = files.first else { return nil }
        let written = try version(of: files.dropFirst().reduce(first.body) { $0.overlaid(by: $1.body, whole: whole) })
        guard wanted != written || wanted.build != written.build else { return nil }
        guard let source = try layered(files, version: wanted, architecture: .machine)["source"] else { return nil }
        return source.names(wanted) ? nil : written
    }

    /// Keys whose values are replaced as a whole: sources of different kinds do not mix, nor do the digests of two releases of a download.
    private static let whole: Set<String> = ["source", "libraries", "sha256", "tree", "bytes"]

    /// The sources that this file and its ranges name, in the order in which they replace each other; `git` is nil for other kinds.
    var sources: [(versions: VersionRange?, git: (url: String, reference: String)?)] {
        let own = body["source"].map { [(VersionRange?.none, Self.git($0))] } ?? []
        return own
            + ranges.compactMap { range in
                // A range that cannot be read was already refused when the recipe was read.
                guard let source = range["source"], case .scalar(let text)? = range["versions"]?.content, let versions = VersionRange(text)
                else { return nil }
                return (versions, Self.git(source))
            }
    }

    private static func git(_ source: YamlValue) -> (url: String, reference: String)? {
        guard case .scalar(let url)? = source["git"]?["url"]?.content, case .scalar(let reference)? = source["git"]?["ref"]?.content else {
            return nil
        }
        return (url, reference)
    }

    private static func version(of value: YamlValue) throws(Diagnostic) -> Version {
        guard let node = value["version"] else {
            throw value.complaint("'version' is missing: the version to build by default (without NAME@VERSION)")
        }
        guard case .scalar(let text) = node.content, let version = Version(text) else {
            throw node.complaint("'version': expected a version such as 1.20.2, found \(node.form)")
        }
        return version
    }

    private static func range(_ value: YamlValue) throws(Diagnostic) -> VersionRange {
        guard let node = value["versions"] else { throw value.complaint("'versions' is missing: a range such as '>=1.25 <1.30'") }
        guard case .scalar(let text) = node.content, let range = VersionRange(text) else {
            throw node.complaint("'versions': expected a range such as '>=1.25 <1.30', found \(node.form)")
        }
        return range
    }
}

extension YamlValue {
    /// Whether a text in it names a version. Debian's `1.20.5+really1.20.2` is 1.20.2 (Debian Policy, 5.6.12.1).
    fileprivate func names(_ version: Version) -> Bool {
        switch content {
        case .scalar(let text):
            let real = text.ranges(of: "+really").last.map { text[$0.upperBound...] } ?? text[...]
            return real.ranges(of: version.plain).contains { found in
                // 9.9 is neither in 19.9 nor in 9.9.1.
                let before = real[..<found.lowerBound].last
                let after = real[found.upperBound...].prefix(2)
                let goesOn = after.first?.isNumber == true || after.first == "." && after.dropFirst().first?.isNumber == true
                return before?.isNumber != true && before != "." && !goesOn
            }
        case .sequence(let values): return values.contains { $0.names(version) }
        case .mapping(let entries): return entries.contains { $0.value.names(version) }
        }
    }

    /// Selects the digest and length for an architecture in downloads that list them by architecture. A digest not listed for this
    /// architecture is unknown.
    ///
    /// - Throws: `Diagnostic` for a name that is not an architecture.
    fileprivate func choosing(_ architecture: Architecture) throws(Diagnostic) -> YamlValue {
        try changing("downloads") { (downloads: YamlValue) throws(Diagnostic) in
            try downloads.changingAll { (download: YamlValue) throws(Diagnostic) in
                var download = download
                for (key, missing) in [("sha256", "unknown"), ("tree", "unknown"), ("bytes", nil)] as [(String, String?)] {
                    download = try download.changing(key) { (value: YamlValue) throws(Diagnostic) in
                        try value.chosen(for: architecture, missing: missing)
                    }
                }
                return download
            }
        }
    }

    /// - Returns: nil if there is no value for this architecture and no substitute.
    private func chosen(for architecture: Architecture, missing: String?) throws(Diagnostic) -> YamlValue? {
        guard case .mapping(let entries) = content else { return self }
        let known = Architecture.allCases.map(\.rawValue)
        for entry in entries where !known.contains(entry.name) {
            throw entry.key.complaint(
                "'\(entry.name)' is not a supported architecture: \(Spelling.advice(for: entry.name, among: known))")
        }
        if let own = self[architecture.rawValue] { return own }
        return missing.map { YamlValue(.scalar($0), file: file, line: line, column: column) }
    }

    private func changing(
        _ name: String, _ change: (YamlValue) throws(Diagnostic) -> YamlValue?
    ) throws(Diagnostic) -> YamlValue {
        try changingEntries { (entry: Entry) throws(Diagnostic) in entry.name == name ? try change(entry.value) : entry.value }
    }

    private func changingAll(_ change: (YamlValue) throws(Diagnostic) -> YamlValue?) throws(Diagnostic) -> YamlValue {
        try changingEntries { (entry: Entry) throws(Diagnostic) in try change(entry.value) }
    }

    /// Returns a mapping with changed values; an entry whose value becomes nil is removed. Anything but a mapping is returned unchanged.
    private func changingEntries(_ change: (Entry) throws(Diagnostic) -> YamlValue?) throws(Diagnostic) -> YamlValue {
        guard case .mapping(let entries) = content else { return self }
        var changed: [Entry] = []
        for entry in entries {
            guard let value = try change(entry) else { continue }
            changed.append(Entry(name: entry.name, key: entry.key, value: value))
        }
        return YamlValue(.mapping(changed), file: file, line: line, column: column)
    }
}
