/// What of a place decides whether a patch is needed there. It is gVisor's kernel that is meant: of others nothing was measured.
package struct Surroundings: Hashable, Sendable {
    /// The cgroups that a kubelet sees.
    package let cgroup: CgroupVersion
    /// The type of the file system at `/`, as the mount table has it: `9p`, `overlay`.
    package let root: String
    /// The type of kubelet's directory; nil where it is a part of `/`.
    package let kubelet: String?

    /// Makes surroundings of what was seen.
    package init(cgroup: CgroupVersion, root: String, kubelet: String? = nil) {
        self.cgroup = cgroup
        self.root = root
        self.kubelet = kubelet
    }

    /// Those that a sandbox of a layout has; nil for `here`, which has what the place has.
    package init?(_ layout: Layout) {
        guard layout.files != .here else { return nil }
        self.init(cgroup: layout.cgroup, root: layout.rootType, kubelet: layout.hasVolume ? "9p" : nil)
    }
}

/// One rule of a `patch.yaml`: where a patch is needed or is not, and what was measured that says so.
package struct NeedRule: Hashable, Sendable {
    /// Where kubelet's directory is a mount of its own, and where it is none.
    package enum KubeletDirectory: Hashable, Sendable {
        /// It is a part of `/`.
        case partOfRoot
        /// It is a mount of this type.
        case mount(String)
    }

    /// What a node comes to where the patch is needed and is not there.
    package struct Loss: Hashable, Sendable, Codable {
        /// What becomes worse.
        package enum Kind: String, Codable, Sendable, CaseIterable {
            /// The node ends.
            case fatal
            /// It lives, and is degraded.
            case degraded
            /// It lives and is clean, but figures of it are wrong.
            case figures
        }

        /// What becomes worse.
        package let kind: Kind
        /// The known fault by which it ends, as verdicts name it; nil when the rule names none.
        package let cause: String?

        /// Makes a loss.
        package init(_ kind: Kind, cause: String? = nil) {
            self.kind = kind
            self.cause = cause
        }
    }

    /// What the rule says.
    package let answer: Need.Answer
    /// The cgroups that it is about; any when nil.
    package let cgroup: CgroupVersion?
    /// The types of `/` that it is about; any when empty.
    package let root: [String]
    /// The directory of kubelet's that it is about; any when nil.
    package let kubelet: KubeletDirectory?
    /// The versions of the patch's upstream that it is about; any when nil.
    package let versions: VersionRange?
    /// What a node without the patch comes to; nil where the patch is not needed.
    package let without: Loss?
    /// Other patches each of which does as well.
    package let instead: [PatchName]
    /// What was seen.
    package let evidence: String
    /// The day on which it was seen, `2026-11-26`; nil for a rule that says why nothing is known.
    package let measured: String?

    /// One sentence for people: where, what, and from what.
    package var words: String {
        let places = [
            cgroup.map { "cgroup \($0.rawValue)" }, root.isEmpty ? nil : "/ is \(root.joined(separator: " or "))",
            kubelet.map { $0 == .partOfRoot ? "kubelet's directory is part of it" : "kubelet's directory is a mount of type \($0)" },
            versions.map { "versions \($0)" },
        ].compactMap(\.self).joined(separator: ", ")
        let others = instead.isEmpty ? "" : " (or \(instead.map(\.description).joined(separator: ", ")))"
        let told = evidence.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return "\(places.isEmpty ? "anywhere" : places): \(answer.rawValue)\(others). \(told)" + (measured.map { " [\($0)]" } ?? "")
    }

    /// Whether the rule is about a place, whatever the version.
    func isAbout(_ place: Surroundings) -> Bool {
        guard cgroup == nil || cgroup == place.cgroup, root.isEmpty || root.contains(place.root) else { return false }
        return switch kubelet {
        case nil: true
        case .partOfRoot: place.kubelet == nil
        case .mount(let type): place.kubelet == type
        }
    }
}

/// Whether a patch is needed in a place, and how that is known. It never changes a verdict.
package struct Need: Hashable, Sendable {
    /// What is known.
    package enum Answer: String, Codable, Sendable, CaseIterable {
        /// Without it, or one that does as well, a node is worse.
        case needed
        /// A node is as good without it.
        case notNeeded = "not needed"
        /// Nobody has tried.
        case notMeasured = "not measured"
    }

    /// The patch.
    package let patch: PatchName
    /// What is known.
    package let answer: Answer
    /// What a node without it comes to; nil unless it is needed.
    package let without: NeedRule.Loss?
    /// Other patches each of which does as well.
    package let instead: [PatchName]
    /// What was seen; of what was not measured, why nothing can be said.
    package let evidence: String
    /// The day on which it was seen; nil when nothing was.
    package let measured: String?

    /// Makes an answer.
    package init(
        patch: PatchName, answer: Answer, without: NeedRule.Loss? = nil, instead: [PatchName] = [], evidence: String,
        measured: String? = nil
    ) {
        self.patch = patch
        self.answer = answer
        self.without = without
        self.instead = instead
        self.evidence = evidence
        self.measured = measured
    }

    /// Whether a series has the patch, or one that does as well.
    package func isMet(by series: some Sequence<PatchName>) -> Bool {
        let names = Set(series)
        return names.contains(patch) || instead.contains(where: names.contains)
    }

    /// One line for people: what is known, and from what.
    package var words: String {
        let others = instead.isEmpty ? "" : " (\(instead.map(\.description).joined(separator: ", ")) also works)"
        let loss = without.map { "; without it \($0.kind == .figures ? "figures are wrong" : $0.description)" }
        return "\(answer.rawValue)\(others)\(loss ?? ""): \(evidence)" + (measured.map { " [\($0)]" } ?? "")
    }
}

extension PatchEntry {
    /// Whether the patch is needed in a place. The first rule that is about the place and the version decides.
    ///
    /// - Parameter version: the version of the patch's upstream; nil when nobody knows it, and then a rule that asks for one decides nothing.
    /// - Returns: nil for a patch of which no rule says when it is needed.
    package func need(in place: Surroundings, version: Version?) -> Need? {
        guard !needs.isEmpty else { return nil }
        for rule in needs where rule.isAbout(place) {
            if let range = rule.versions {
                guard let version else {
                    return Need(patch: name, answer: .notMeasured, evidence: "the version of \(name.upstream) is unknown")
                }
                guard range.contains(version) else { continue }
            }
            return Need(
                patch: name, answer: rule.answer, without: rule.without, instead: rule.instead,
                evidence: rule.evidence.split(whereSeparator: \.isWhitespace).joined(separator: " "), measured: rule.measured)
        }
        let told = version.map { " \($0.plain)" } ?? ""
        return Need(
            patch: name, answer: .notMeasured, evidence: "no rule covers \(name.upstream)\(told) in this environment: it has not been tried"
        )
    }
}

/// What the rules of some patches come to for a node with a series: what is known of it before it is booted.
package struct Expectation: Hashable, Sendable {
    /// What such a node comes to, as far as the rules tell.
    package enum Outcome: Hashable, Sendable {
        /// Every patch whose lack would make a node worse is there.
        case good
        /// One is missing; the fault that kubelet comes to first.
        case bad(NeedRule.Loss)
        /// Of some patch it was not measured whether it is needed.
        case unknown
    }

    /// What such a node comes to.
    package let outcome: Outcome
    /// The needs that decide it.
    package let deciding: [Need]

    /// Reads needs for a series.
    package init(_ needs: [Need], series: [PatchName]) {
        let missing = needs.filter { $0.answer == .needed && $0.without?.kind != .figures && !$0.isMet(by: series) }
        let ordered = missing.sorted { Self.place(of: $0) < Self.place(of: $1) }
        if let first = ordered.first, let loss = first.without {
            outcome = .bad(loss)
            deciding = ordered
        } else if let open = needs.first(where: { $0.answer == .notMeasured }) {
            // With a patch in it, too: nobody tried what it comes to there.
            outcome = .unknown
            deciding = [open]
        } else if needs.isEmpty {
            outcome = .unknown
            deciding = []
        } else {
            outcome = .good
            deciding = needs.filter { $0.answer == .needed }
        }
    }

    /// The order in which a kubelet comes to the faults at its start: the device of its directory, figures of `/`, the file system of `/`.
    private static let order = ["could not find device", "memory cache", "filesystem info"]

    private static func place(of need: Need) -> Int { need.without?.cause.flatMap(order.firstIndex(of:)) ?? order.count }

    /// How a measured grade contradicts what the rules say; nil when it does not, or when nothing can be compared.
    ///
    /// - Parameter level: a grade of a level above `boot` may be worse for what no rule is about.
    package func contradiction(of grade: Grade, at level: Level) -> String? {
        let isWorse = grade == .fatal || grade == .degraded && level == .boot
        switch outcome {
        case .bad(let loss) where grade == .clean:
            let names = deciding.map(\.patch.description).joined(separator: ", ")
            return "the rules say \(loss.kind.rawValue) without \(names), and the node was clean"
        case .good where isWorse: return "the rules say that no patch is missing, and the node was \(grade.rawValue)"
        default: return nil
        }
    }
}

extension Need: Codable {
    private enum Keys: String, CodingKey { case patch, answer, without, instead, evidence, measured }

    /// Decodes an answer; what it does not say may be null or missing.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        patch = try values.decode(PatchName.self, forKey: .patch)
        answer = try values.decode(Answer.self, forKey: .answer)
        without = try values.decodeIfPresent(NeedRule.Loss.self, forKey: .without)
        instead = try values.decodeIfPresent([PatchName].self, forKey: .instead) ?? []
        evidence = try values.decode(String.self, forKey: .evidence)
        measured = try values.decodeIfPresent(String.self, forKey: .measured)
    }

    /// Encodes all keys, null where there is nothing to say.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Keys.self)
        try values.encode(patch, forKey: .patch)
        try values.encode(answer, forKey: .answer)
        try values.encode(without, forKey: .without)
        try values.encode(instead, forKey: .instead)
        try values.encode(evidence, forKey: .evidence)
        try values.encode(measured, forKey: .measured)
    }
}
