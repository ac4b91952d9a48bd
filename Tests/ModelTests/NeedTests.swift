import Foundation
import Model
import Testing

/// The registry that comes with Ninepin.
private func shipped() throws -> [PatchEntry] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "patches")
    return try [
        "cadvisor/9p-line", "cadvisor/9p-source", "libcontainer/percpu", "libcontainer/memory-usage", "libcontainer/memory-usage-v2",
        "libcontainer/v2-missing-files",
    ].map { name in
        let file = folder.appending(path: "\(name)/patch.yaml")
        return try PatchEntry(
            yaml: try String(contentsOf: file, encoding: .utf8), file: file.path, name: try #require(PatchName(name)))
    }
}

private func entry(_ needs: String) throws -> PatchEntry {
    let text = """
        title: a patch
        why: because
        upstream: cadvisor
        versions: "*"
        variants:
          - name: v
            versions: "*"
        evidence: seen
        status: local
        needs:
        \(needs)
        """
    return try PatchEntry(yaml: text, file: "patch.yaml", name: try #require(PatchName("cadvisor/x")))
}

@Suite("When a patch is needed")
struct NeedTests {
    private static let places: [Surroundings] = ["root-9p", "volume-9p", "root-overlay"].flatMap { name in
        CgroupVersion.allCases.compactMap { Layout(rawValue: name)?.with(cgroup: $0) }.map { Surroundings($0) }
    }

    /// Measurements of 2026-11-26: cAdvisor, cgroup reader, cgroup version in the sandbox, series, and the node's result on a 9p root, with
    /// a 9p volume, and on an overlay root; `-` means not booted.
    private static let measured: [(String, String, CgroupVersion, String, [String])] = [
        // Kubernetes 1.36.2.
        ("0.56.2", "0.0.6", .v1, "none", ["fatal, memory cache", "fatal, could not find device", "fatal, memory cache"]),
        ("0.56.2", "0.0.6", .v1, "9p-line", ["fatal, memory cache", "fatal, could not find device", "fatal, memory cache"]),
        ("0.56.2", "0.0.6", .v1, "percpu", ["fatal, filesystem info", "fatal, could not find device", "clean"]),
        ("0.56.2", "0.0.6", .v1, "percpu,memory-usage", ["fatal, filesystem info", "fatal, could not find device", "clean"]),
        ("0.56.2", "0.0.6", .v1, "9p-source", ["fatal, memory cache", "fatal, memory cache", "fatal, memory cache"]),
        ("0.56.2", "0.0.6", .v1, "percpu,9p-line", ["clean", "fatal, could not find device", "clean"]),
        ("0.56.2", "0.0.6", .v1, "percpu,9p-source", ["clean", "clean", "clean"]),
        ("0.56.2", "0.0.6", .v1, "percpu,memory-usage,9p-source", ["clean", "clean", "clean"]),
        ("0.56.2", "0.0.6", .v2, "none", ["fatal, filesystem info", "fatal, could not find device", "clean"]),
        ("0.56.2", "0.0.6", .v2, "9p-line", ["clean", "fatal, could not find device", "clean"]),
        ("0.56.2", "0.0.6", .v2, "9p-source", ["clean", "clean", "-"]),
        ("0.56.2", "0.0.6", .v2, "percpu,memory-usage,9p-source", ["clean", "clean", "-"]),
        // Kubernetes 1.34.9, 1.31.14 and 1.20.2.
        ("0.52.1", "0.0.3", .v2, "none", ["clean", "fatal, could not find device", "clean"]),
        ("0.52.1", "0.0.3", .v2, "9p-source", ["clean", "clean", "clean"]),
        ("0.52.1", "0.0.3", .v1, "none", ["fatal, memory cache", "fatal, could not find device", "-"]),
        ("0.52.1", "0.0.3", .v1, "percpu", ["clean", "fatal, could not find device", "-"]),
        ("0.52.1", "0.0.3", .v1, "percpu,9p-line", ["clean", "fatal, could not find device", "-"]),
        ("0.52.1", "0.0.3", .v1, "9p-source", ["fatal, memory cache", "fatal, memory cache", "-"]),
        ("0.49.0", "1.1.13", .v1, "none", ["fatal, memory cache", "fatal, could not find device", "-"]),
        ("0.49.0", "1.1.13", .v1, "percpu,9p-source", ["clean", "clean", "-"]),
        ("0.38.6", "1.0.0-rc92", .v1, "none", ["fatal, memory cache", "fatal, could not find device", "fatal, memory cache"]),
        ("0.38.6", "1.0.0-rc92", .v1, "percpu", ["clean", "fatal, could not find device", "clean"]),
        ("0.38.6", "1.0.0-rc92", .v1, "percpu,9p-source", ["clean", "clean", "clean"]),
        // k3s 1.20.8 and 1.21.2; without patches, they were degraded with v2, and nothing else was tried.
        ("0.38.8", "1.0.0-rc92", .v2, "none", ["degraded, memory cache", "-", "-"]),
        ("0.39.0", "1.0.0-rc95", .v1, "percpu,memory-usage,9p-source", ["clean", "clean", "-"]),
        ("0.39.0", "1.0.0-rc95", .v2, "none", ["degraded, memory cache", "-", "-"]),
    ]

    @Test("the registry's rules agree with every cell that was measured", arguments: measured.indices)
    func cells(_ row: Int) throws {
        let (cadvisor, libcontainer, cgroup, label, titles) = Self.measured[row]
        let versions = ["cadvisor": Version(cadvisor), "libcontainer": Version(libcontainer)]
        let entries = try shipped()
        let words = label.split(separator: ",")
        let series = entries.map(\.name).filter { name in words.contains { $0 == name.name } }
        #expect(series.count == (label == "none" ? 0 : words.count))
        for (layout, title) in zip([Layout.root9p, .volume9p, .rootOverlay], titles) where title != "-" {
            let place = Surroundings(layout.with(cgroup: cgroup))
            let needs = entries.compactMap { $0.need(in: place, version: versions[$0.name.upstream] ?? nil) }
            #expect(needs.count == entries.count)
            let expected =
                switch Expectation(needs, series: series).outcome {
                case .good: "clean"
                case .bad(let loss): loss.description
                case .unknown: "unknown"
                }
            #expect(expected == title, "\(label) with cAdvisor \(cadvisor) on \(layout.rawValue), \(cgroup)")
        }
    }

    @Test("a rule about a directory that is a mount is about a mount of its type alone", arguments: ["9p", "ext4", nil])
    func mountType(_ type: String?) throws {
        let rule = try entry("  - {need: not needed, kubelet: 9p, evidence: seen, measured: 2026-11-26}")
        let need = try #require(rule.need(in: Surroundings(cgroup: .v1, root: "9p", kubelet: type), version: nil))
        #expect(need.answer == (type == "9p" ? .notNeeded : .notMeasured))
    }

    @Test(
        "what nobody tried is not measured: old readers on v2, cAdvisor between 0.39 and 0.52 there, an overlay with a 9p volume, other roots"
    )
    func notMeasured() throws {
        let entries = try shipped()
        func answer(_ name: String, _ place: Surroundings, _ version: String?) throws -> Need.Answer {
            let entry = try #require(entries.first { $0.name.name == name })
            return try #require(entry.need(in: place, version: version.flatMap(Version.init))).answer
        }
        let root = Surroundings(cgroup: .v2, root: "9p")
        for version in ["1.0.0-rc92", "1.0.0-rc95", "1.0.3", "1.1.13", "1.2.5", "0.0.7"] {
            #expect(try answer("percpu", root, version) == .notMeasured, "\(version)")
        }
        #expect(try answer("percpu", root, "0.0.3") == .notNeeded)
        for version in ["0.38.8", "0.39.0", "0.49.0", "0.51.0"] {
            #expect(try answer("9p-line", root, version) == .notMeasured, "\(version)")
        }
        #expect(try answer("9p-source", Surroundings(cgroup: .v1, root: "overlay", kubelet: "9p"), "0.56.2") == .notMeasured)
        #expect(try answer("9p-source", Surroundings(cgroup: .v1, root: "ext4"), "0.56.2") == .notMeasured)
        #expect(try answer("percpu", Surroundings(cgroup: .v1, root: "ext4"), "0.0.6") == .notMeasured)
        #expect(try answer("9p-line", root, nil) == .notMeasured)
    }

    @Test("each answer has its evidence, and what was measured has its day")
    func evidence() throws {
        for entry in try shipped() {
            for place in Self.places {
                for version in ["0.0.3", "0.38.6", "0.52.1", "0.56.2", "1.0.0-rc92"] {
                    let need = try #require(entry.need(in: place, version: Version(version)))
                    #expect(!need.evidence.isEmpty && !need.evidence.contains("\n"))
                    #expect((need.measured == nil) == (need.answer == .notMeasured))
                    #expect((need.without == nil) == (need.answer != .needed))
                }
            }
        }
    }

    @Test("of a kubelet's version alone as much is known as both releases around it say, and nothing beyond them")
    func releases() throws {
        let entries = try shipped()
        func answer(_ name: String, _ cgroup: CgroupVersion, _ version: String) throws -> Need.Answer {
            let entry = try #require(entries.first { $0.name.name == name })
            let place = Surroundings(cgroup: cgroup, root: "9p")
            let release = try #require(Version(version))
            return try #require(entry.need(in: place, kubelet: release)).answer
        }
        #expect(try answer("percpu", .v1, "1.25.0") == .needed)
        #expect(try answer("9p-line", .v1, "1.25.0") == .notNeeded)
        #expect(try answer("9p-line", .v1, "1.35.6") == .notNeeded)
        #expect(try answer("9p-line", .v1, "1.36.2") == .needed)
        #expect(try answer("percpu", .v2, "1.25.0") == .notMeasured)
        #expect(try answer("percpu", .v2, "1.36.2+k3s1") == .notNeeded)
        for version in ["1.19.3", "1.37.0", "2.0.0"] { #expect(try answer("percpu", .v1, version) == .notMeasured, "\(version)") }
    }

    @Test("the first rule that is about place and version decides, and one patch may do for another")
    func order() throws {
        let found = try entry(
            """
              - {need: needed, root: [9p], versions: "<2", without: "fatal, memory cache", instead: [cadvisor/y], evidence: one, measured: 2026-11-26}
              - {need: not needed, evidence: two, measured: 2026-11-26}
            """)
        let place = Surroundings(cgroup: .v1, root: "9p")
        let need = try #require(found.need(in: place, version: Version("1.0")))
        #expect(need.answer == .needed && need.without?.cause == .memoryCache && need.evidence == "one")
        let other = try #require(PatchName("cadvisor/y"))
        #expect(need.isMet(by: [other]) && need.isMet(by: [found.name]) && !need.isMet(by: []))
        #expect(found.need(in: place, version: Version("2.0"))?.evidence == "two")
        #expect(found.need(in: Surroundings(cgroup: .v1, root: "overlay"), version: nil)?.evidence == "two")
    }

    @Test(
        "a mistake in a rule is told with its place",
        arguments: [
            ("need: needed, evidence: x, measured: 2026-11-26", "'needed' requires 'without'"),
            ("need: not needed, without: fatal, evidence: x, measured: 2026-11-26", "only allowed with 'need: needed'"),
            ("need: not needed, instead: [cadvisor/y], evidence: x, measured: 2026-11-26", "only allowed with 'need: needed'"),
            ("need: needed, without: fatal, instead: [cadvisor/x], evidence: x, measured: 2026-11-26", "patches other than"),
            ("need: not needed, evidence: x", "require 'measured'"),
            ("need: not measured, evidence: x, measured: 2026-11-26", "not allowed with 'need: not measured'"),
            ("need: not needed, evidence: x, measured: 2026-02-30", "a date such as"),
            ("need: maybe, evidence: x", "unknown value 'maybe'"),
            ("need: not needed, cgroup: v3, evidence: x, measured: 2026-11-26", "did you mean"),
            ("need: not needed, root: [a b], evidence: x, measured: 2026-11-26", "a file system type"),
            ("need: not needed, kubelet: /x, evidence: x, measured: 2026-11-26", "expected '/'"),
            ("need: needed, without: bad, evidence: x, measured: 2026-11-26", "'fatal', 'degraded' or 'figures'"),
            ("need: not needed, measured: 2026-11-26", "'evidence'"),
        ])
    func mistakes(_ rule: String, _ words: String) throws {
        let error = try #require(throws: Diagnostic.self) { try entry("  - {\(rule)}") }
        #expect(error.description.contains(words) && error.description.hasPrefix("patch.yaml:1"), "\(error)")
    }

    @Test("what nobody measured stays unknown, whatever patches are in the series")
    func unknown() throws {
        let entries = try shipped()
        let place = Surroundings(cgroup: .v2, root: "9p")
        for (cadvisor, libcontainer) in [("0.38.6", "1.0.0-rc92"), ("0.39.0", "1.0.0-rc95"), ("0.49.0", "1.1.13")] {
            let versions = ["cadvisor": Version(cadvisor), "libcontainer": Version(libcontainer)]
            let needs = entries.compactMap { $0.need(in: place, version: versions[$0.name.upstream] ?? nil) }
            let expected = Expectation(needs, series: entries.map(\.name))
            #expect(expected.outcome == .unknown, "\(libcontainer): \(expected.outcome)")
            #expect(expected.contradiction(of: .degraded, at: .boot) == nil && expected.contradiction(of: .clean, at: .boot) == nil)
        }
    }

    @Test("a grade that the rules rule out contradicts them; one of a higher level may be worse for reasons of its own")
    func contradictions() throws {
        let entries = try shipped()
        let place = Surroundings(cgroup: .v1, root: "9p")
        let versions = ["cadvisor": Version("0.38.6"), "libcontainer": Version("1.0.0-rc92")]
        let needs = entries.compactMap { $0.need(in: place, version: versions[$0.name.upstream] ?? nil) }
        let bad = Expectation(needs, series: [])
        let good = Expectation(needs, series: entries.map(\.name))
        #expect(bad.contradiction(of: .clean, at: .boot)?.contains("libcontainer/percpu") == true)
        #expect(bad.contradiction(of: .fatal, at: .boot) == nil && bad.contradiction(of: .inconclusive, at: .boot) == nil)
        #expect(good.contradiction(of: .fatal, at: .pod) != nil && good.contradiction(of: .degraded, at: .boot) != nil)
        #expect(good.contradiction(of: .degraded, at: .pod) == nil && good.contradiction(of: .clean, at: .boot) == nil)
        #expect(good.contradiction(of: .inconclusive, at: .boot) == nil && good.contradiction(of: .short, at: .boot) == nil)
        #expect(Expectation([], series: []).contradiction(of: .fatal, at: .boot) == nil)
    }
}
