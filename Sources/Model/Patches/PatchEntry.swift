import Paths

/// A patch's name: the upstream project and the patch, as in `cadvisor/9p-source`.
package struct PatchName: Hashable, Sendable, Codable, Comparable, LosslessStringConvertible {
    /// The upstream project's name in recipes.
    package let upstream: String
    /// The patch's name within its upstream's directory.
    package let name: String

    /// Parses `UPSTREAM/NAME`; nil for anything else. Names consist of ASCII letters, digits, `-`, `_` and `.`, and begin with a letter or
    /// digit.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy(Self.isWord) else { return nil }
        upstream = String(parts[0])
        name = String(parts[1])
    }

    /// `UPSTREAM/NAME`.
    package var description: String { "\(upstream)/\(name)" }

    /// Alphabetical order.
    package static func < (one: PatchName, other: PatchName) -> Bool { one.description < other.description }

    /// Decodes `UPSTREAM/NAME`.
    ///
    /// - Throws: `DecodingError` if the string is not a patch name.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let name = PatchName(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected UPSTREAM/NAME")
        }
        self = name
    }

    /// Encodes `UPSTREAM/NAME`.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    private static func isWord(_ text: Substring) -> Bool {
        guard let first = text.first, first.isASCII, first.isLetter || first.isNumber else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }
}

/// A registry entry: the purpose of a patch and its variants by upstream version. `patches/UPSTREAM/NAME/patch.yaml`.
package struct PatchEntry: Hashable, Sendable {
    /// The upstream status of a patch.
    package enum Status: String, Sendable, CaseIterable {
        /// Not submitted upstream.
        case local
        /// Submitted upstream.
        case proposed
        /// Merged upstream, in versions later than those the patch is for.
        case merged
        /// The patch does not work as intended; kept as a demonstration.
        case refuted
    }

    /// One form of the patch and the upstream versions it was written for.
    package struct Variant: Hashable, Sendable {
        /// The name of the `.patch` file without its extension.
        package let name: String
        /// The upstream versions it was written for.
        package let versions: VersionRange
    }

    /// The patch's name in the registry.
    package let name: PatchName
    /// A one-line description.
    package let title: String
    /// The problem without the patch.
    package let why: String
    /// The upstream versions that have the fault.
    package let versions: VersionRange
    /// The forms of the patch.
    package let variants: [Variant]
    /// Evidence that the patch works or does not work.
    package let evidence: String
    /// The upstream status.
    package let status: Status
    /// The entry whose probe also tests this one; nil if it has its own probe or none.
    package let probe: PatchName?
    /// The upstream versions that its own probe can be built for; nil for any.
    package let probeVersions: VersionRange?
    /// When the patch is needed; empty if no rules exist.
    package let needs: [NeedRule]
}

extension PatchEntry {
    /// The keys of a `patch.yaml`. `docs/patch.md` is generated from these.
    package enum Schema {
        package static let patch = YamlSection(
            path: "",
            fields: [
                YamlField("title", "text", "a one-line title"),
                YamlField("why", "text", "what fails without the patch"),
                YamlField("upstream", "text", "the upstream project; must equal the folder's name"),
                YamlField("versions", "version range", "the upstream versions that have the fault"),
                YamlField("variants", "list of mappings", "the patch's texts, one for each form of the upstream code"),
                YamlField(
                    "needs", "list of mappings", required: false,
                    "the gVisor sandboxes in which the patch is or is not needed; the first rule that matches an environment applies"),
                YamlField("evidence", "text", "evidence that the patch works, or that it does not"),
                YamlField("status", "`local`, `proposed`, `merged` or `refuted`", "the patch's upstream status"),
                YamlField(
                    "probe", "UPSTREAM/NAME", required: false,
                    "the patch whose `probe/main.go` also tests this one; default: this patch's own, if any"),
                YamlField(
                    "probeVersions", "version range", required: false,
                    "the upstream versions for which its own `probe/main.go` can be built; for others, the probe is not run; default: all"),
            ])
        package static let variant = YamlSection(
            path: "variants",
            fields: [
                YamlField("name", "text", "the `.patch` file's name without the extension"),
                YamlField("versions", "version range", "the upstream versions that the variant was written for"),
            ])

        /// All sections, starting with the file itself.
        package static let all = [patch, variant, NeedRule.schema, PatchUpstream.schema]
    }

    /// Parses an entry.
    ///
    /// - Throws: `Diagnostic` with file, line and column for the first error.
    package init(yaml: String, file: String, name: PatchName) throws(Diagnostic) {
        let map = try YamlMap.parse(yaml, file: file, schema: Schema.patch)
        self.name = name
        title = try map.text("title")
        why = try map.text("why")
        let upstream = try map.text("upstream")
        guard upstream == name.upstream else {
            throw map.complaint("upstream", "expected '\(name.upstream)', the folder's name, found '\(upstream)'")
        }
        versions = try map.value("versions", expected: "a range such as '>=0.38 <0.39'")
        evidence = try map.text("evidence")
        status = try map.word("status")
        probe = map.has("probe") ? try map.value("probe", expected: "a patch such as cadvisor/9p-source") : nil
        if let probe, probe.upstream != name.upstream {
            throw map.complaint(
                "probe", "expected a patch of '\(name.upstream)', because a probe is written against one package; found '\(probe)'")
        }
        probeVersions = map.has("probeVersions") ? try map.value("probeVersions", expected: "a range such as '>=1.1 <1.3'") : nil
        if probeVersions != nil, probe != nil {
            throw map.complaint("probeVersions", "not allowed: '\(name)' uses the probe of another patch, named by 'probe'")
        }
        var needs: [NeedRule] = []
        for rule in try map.list("needs", schema: NeedRule.schema) { needs.append(try NeedRule(rule, of: name)) }
        self.needs = needs
        var variants: [Variant] = []
        for variant in try map.list("variants", schema: Schema.variant) {
            let name = try variant.fileName("name")
            guard !variants.contains(where: { $0.name == name }) else {
                throw variant.complaint("name", "expected the unique name of a .patch file in this folder, found '\(name)'")
            }
            variants.append(Variant(name: name, versions: try variant.value("versions", expected: "a range such as '>=0.38 <0.39'")))
        }
        guard !variants.isEmpty else { throw map.complaint("variants", "expected at least one variant") }
        self.variants = variants
    }
}
