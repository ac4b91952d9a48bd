extension NeedRule {
    static let schema = YamlSection(
        path: "needs",
        fields: [
            YamlField(
                "need", "`needed`, `not needed` or `not measured`", "the rule's answer; the first rule that matches an environment applies"),
            YamlField("cgroup", "`v1` or `v2`", required: false, "the cgroup version in the sandbox; default: any"),
            YamlField(
                "root", "list of file system types", required: false, "the file system of `/`, such as `9p` or `overlay`; default: any"),
            YamlField(
                "kubelet", "`/` or a file system type", required: false,
                "`/` if kubelet's directory is part of the root, or the type of the mount at kubelet's directory; default: any"),
            YamlField("versions", "version range", required: false, "the upstream versions that the rule covers; default: all"),
            YamlField(
                "without", "`fatal`, `degraded` or `figures`, and a cause", required: false,
                "the verdict of a node without the needed patch, such as `fatal, memory cache`; `figures` if the node is clean but reports wrong figures"
            ),
            YamlField("instead", "list of patches", required: false, "other patches, any one of which also works"),
            YamlField("evidence", "text", "what was observed, or, if not measured, what is known"),
            YamlField("measured", "date", required: false, "the date of the observation, such as `2026-11-26`"),
        ])

    /// Parses a rule.
    ///
    /// - Parameter patch: the patch that the rule belongs to.
    /// - Throws: `Diagnostic` for the first error.
    init(_ map: YamlMap, of patch: PatchName) throws(Diagnostic) {
        answer = try map.word("need")
        cgroup = map.has("cgroup") ? try map.word("cgroup") : nil
        root = try map.values("root", as: FileSystemType.self, expected: "a file system type such as 9p").map(\.description)
        kubelet =
            map.has("kubelet")
            ? try map.value("kubelet", as: KubeletDirectory.self, expected: "'/', or a file system type such as 9p") : nil
        versions = map.has("versions") ? try map.value("versions", expected: "a range such as '>=0.38 <0.39'") : nil
        without =
            map.has("without")
            ? try map.value("without", expected: "'fatal', 'degraded' or 'figures', and a known fault after a comma") : nil
        instead = try map.values("instead", expected: "a patch such as cadvisor/9p-source")
        evidence = try map.text("evidence")
        measured = map.has("measured") ? try map.value("measured", as: Day.self, expected: "a date such as 2026-11-26").description : nil
        guard (answer == .needed) == (without != nil) else {
            throw map.complaint(
                without == nil ? "need" : "without",
                without == nil ? "'needed' requires 'without', the verdict of a node without the patch" : "only allowed with 'need: needed'"
            )
        }
        guard answer == .needed || instead.isEmpty else { throw map.complaint("instead", "only allowed with 'need: needed'") }
        guard !instead.contains(patch) else { throw map.complaint("instead", "expected patches other than '\(patch)' itself") }
        guard (answer == .notMeasured) == (measured == nil) else {
            throw map.complaint(
                measured == nil ? "need" : "measured",
                measured == nil ? "'needed' and 'not needed' require 'measured', a date" : "not allowed with 'need: not measured'")
        }
    }
}

extension NeedRule.KubeletDirectory: LosslessStringConvertible {
    /// Parses `/` or a file system type.
    package init?(_ text: String) {
        if text == "/" {
            self = .partOfRoot
        } else if let type = FileSystemType(text) {
            self = .mount(type.description)
        } else {
            return nil
        }
    }

    /// The notation in a rule.
    package var description: String {
        switch self {
        case .partOfRoot: "/"
        case .mount(let type): type
        }
    }
}

extension NeedRule.Loss: LosslessStringConvertible {
    /// Parses a kind, optionally followed by a comma and a cause.
    package init?(_ text: String) {
        let parts = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
        guard let kind = parts.first.flatMap({ Kind(rawValue: String($0)) }) else { return nil }
        let cause = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : nil
        guard cause != "" else { return nil }
        self.init(kind, cause: cause.map(Cause.init(rawValue:)))
    }

    /// `fatal, memory cache`.
    package var description: String { [kind.rawValue, cause?.rawValue].compactMap(\.self).joined(separator: ", ") }
}

/// A file system type as in mount tables: `9p`, `overlay`, `fuse.sshfs`.
private struct FileSystemType: LosslessStringConvertible {
    let description: String

    init?(_ text: String) {
        let isType = text.utf8.allSatisfy { byte in
            let sign = Character(UnicodeScalar(byte))
            return byte < 128 && (sign.isLetter || sign.isNumber || "._-".contains(sign))
        }
        guard isType, (1...64).contains(text.utf8.count) else { return nil }
        description = text
    }
}
