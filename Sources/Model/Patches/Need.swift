/// The properties of an environment that decide whether a patch is needed there. They apply only to gVisor; other kernels were not
/// measured.
package struct Surroundings: Hashable, Sendable {
    /// The cgroup version that a kubelet sees.
    package let cgroup: CgroupVersion
    /// The file system type at `/`, as in the mount table: `9p`, `overlay`.
    package let root: String
    /// The file system type of kubelet's directory; nil if it is part of `/`.
    package let kubelet: String?

    package init(cgroup: CgroupVersion, root: String, kubelet: String? = nil) {
        self.cgroup = cgroup
        self.root = root
        self.kubelet = kubelet
    }

    /// The surroundings in a sandbox of a layout.
    package init(_ layout: Layout) {
        self.init(cgroup: layout.cgroup, root: layout.rootType, kubelet: layout.hasVolume ? "9p" : nil)
    }
}

/// A rule in `patch.yaml`: where a patch is or is not needed, and the measurement behind it.
package struct NeedRule: Hashable, Sendable, CustomStringConvertible {
    /// Whether kubelet's directory is a mount of its own.
    package enum KubeletDirectory: Hashable, Sendable {
        /// It is part of `/`.
        case partOfRoot
        /// It is a mount of this type.
        case mount(String)
    }

    /// What happens to a node that needs the patch and lacks it.
    package struct Loss: Hashable, Sendable, Codable {
        /// The kind of degradation.
        package enum Kind: String, Codable, Sendable, CaseIterable {
            /// The node ends.
            case fatal
            /// The node is alive but degraded.
            case degraded
            /// The node is alive and clean, but some of its figures are wrong.
            case figures
        }

        package let kind: Kind
        /// The known fault that ends the node, as named in verdicts; nil if the rule names none.
        package let cause: Cause?

        package init(_ kind: Kind, cause: Cause? = nil) {
            self.kind = kind
            self.cause = cause
        }
    }

    /// The rule's answer.
    package let answer: Need.Answer
    /// The cgroup version that the rule applies to; nil for any.
    package let cgroup: CgroupVersion?
    /// The types of `/` that the rule applies to; empty for any.
    package let root: [String]
    /// The kubelet directory that the rule applies to; nil for any.
    package let kubelet: KubeletDirectory?
    /// The versions of the patch's upstream that the rule applies to; nil for any.
    package let versions: VersionRange?
    /// What happens to a node without the patch; nil if the patch is not needed.
    package let without: Loss?
    /// Alternative patches, each of which is sufficient.
    package let instead: [PatchName]
    /// The observation that the rule is based on.
    package let evidence: String
    /// The date of the measurement, `2026-11-26`; nil for a rule that explains why nothing is known.
    package let measured: String?

    /// A one-sentence description: where, what, and the evidence.
    package var description: String {
        let places = [
            cgroup.map { "cgroup \($0.rawValue)" }, root.isEmpty ? nil : "/ is \(root.joined(separator: " or "))",
            kubelet.map { $0 == .partOfRoot ? "kubelet's directory is part of it" : "kubelet's directory is a mount of type \($0)" },
            versions.map { "versions \($0)" },
        ].compactMap(\.self).joined(separator: ", ")
        let others = instead.isEmpty ? "" : " (or \(instead.map(\.description).joined(separator: ", ")))"
        let told = evidence.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return "\(places.isEmpty ? "anywhere" : places): \(answer.rawValue)\(others). \(told)" + (measured.map { " [\($0)]" } ?? "")
    }

    /// Whether the rule applies to these surroundings, whatever the version.
    func isAbout(_ place: Surroundings) -> Bool {
        guard cgroup == nil || cgroup == place.cgroup, root.isEmpty || root.contains(place.root) else { return false }
        return switch kubelet {
        case nil: true
        case .partOfRoot: place.kubelet == nil
        case .mount(let type): place.kubelet == type
        }
    }
}

/// Whether a patch is needed in given surroundings, and how this is known. It never affects a verdict.
package struct Need: Hashable, Sendable, CustomStringConvertible {
    /// The answer to whether the patch is needed.
    package enum Answer: String, Codable, Sendable, CaseIterable {
        /// A node is worse without this patch or an alternative.
        case needed
        /// A node is just as good without it.
        case notNeeded = "not needed"
        /// Nobody has tested it.
        case notMeasured = "not measured"
    }

    package let patch: PatchName
    package let answer: Answer
    /// What happens to a node without the patch; nil unless it is needed.
    package let without: NeedRule.Loss?
    /// Alternative patches, each of which is sufficient.
    package let instead: [PatchName]
    /// The observation; if nothing was measured, the reason why the answer is unknown.
    package let evidence: String
    /// The date of the measurement; nil if nothing was measured.
    package let measured: String?

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

    /// Whether a series contains the patch or an alternative.
    package func isMet(by series: some Sequence<PatchName>) -> Bool {
        let names = Set(series)
        return names.contains(patch) || instead.contains(where: names.contains)
    }

    /// A one-line description: the answer and its evidence.
    package var description: String {
        let others = instead.isEmpty ? "" : " (\(instead.map(\.description).joined(separator: ", ")) also works)"
        let loss = without.map { "; without it \($0.kind == .figures ? "figures are wrong" : $0.description)" }
        return "\(answer.rawValue)\(others)\(loss ?? ""): \(evidence)" + (measured.map { " [\($0)]" } ?? "")
    }
}

extension PatchEntry {
    /// Returns whether the patch is needed. The first rule that applies to the surroundings and the version decides.
    ///
    /// - Parameter version: the version of the patch's upstream; nil if unknown, in which case rules for specific versions do not apply.
    /// - Returns: nil if no rule of the patch says when it is needed.
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

/// The expected result of booting a node with a given series, according to the rules of the patches.
package struct Expectation: Hashable, Sendable {
    /// The expected outcome.
    package enum Outcome: Hashable, Sendable {
        /// No patch is missing whose absence would make a node worse.
        case good
        /// A patch is missing; the associated value is the fault that kubelet reaches first.
        case bad(NeedRule.Loss)
        /// For some patch it was not measured whether it is needed.
        case unknown
    }

    package let outcome: Outcome
    /// The needs that decide the outcome.
    package let deciding: [Need]

    /// Evaluates needs for a series.
    package init(_ needs: [Need], series: [PatchName]) {
        let missing = needs.filter { $0.answer == .needed && $0.without?.kind != .figures && !$0.isMet(by: series) }
        let ordered = missing.sorted { Self.place(of: $0) < Self.place(of: $1) }
        if let first = ordered.first, let loss = first.without {
            outcome = .bad(loss)
            deciding = ordered
        } else if let open = needs.first(where: { $0.answer == .notMeasured }) {
            // This also holds if the patch is in the series: nobody has tested its effect there.
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

    /// The order in which a starting kubelet reaches the faults: the device of its directory, the figures of `/`, the file system of `/`.
    private static let order = [Cause.noDevice, .memoryCache, .filesystemInfo]

    private static func place(of need: Need) -> Int { need.without?.cause.flatMap(order.firstIndex(of:)) ?? order.count }

    /// A description of how a measured grade contradicts the rules; nil if it does not, or if they cannot be compared.
    ///
    /// - Parameter level: at levels above `boot` the grade may be worse for reasons that no rule covers.
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

    /// Decodes an answer; optional values may be null or missing.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        patch = try values.decode(PatchName.self, forKey: .patch)
        answer = try values.decode(Answer.self, forKey: .answer)
        without = try values.decodeIfPresent(NeedRule.Loss.self, forKey: .without)
        instead = try values.decodeIfPresent([PatchName].self, forKey: .instead) ?? []
        evidence = try values.decode(String.self, forKey: .evidence)
        measured = try values.decodeIfPresent(String.self, forKey: .measured)
    }

    /// Encodes all keys, with null for nil values.
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
