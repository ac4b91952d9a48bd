import Model

/// A night as it could have been: nine kubelet cells, twelve probe cells, k3s, a modern Kubernetes and a source built from a branch. Some of
/// them changed.
package enum WrittenNight {
    /// The night that is on the screenshots: a broken cell, a patch that no longer applies, one that is no longer needed, a flaky cell, a
    /// failed harness, a postponed cell, a slower boot.
    package static var document: ReportDocument {
        let cells = kubelet + probes + k3s + modern
        return ReportDocument(
            title: "Nightly", created: "2026-11-27T05:12:41Z", since: "2026-09-28T02:00:09Z",
            night: .init(
                id: "20261127T020000-5b1d", started: "2026-11-27T02:00:00Z", ended: "2026-11-27T05:12:38Z", budget: 4 * 3600, resumed: 1),
            cells: cells, drift: drift, builds: builds)
    }

    /// A night in which nothing happened.
    package static var quiet: ReportDocument {
        let cells = (kubelet + probes).map { cell in
            ReportDocument.Cell(
                key: cell.key, label: cell.label, version: cell.version, state: .unchanged, expected: cell.expected, result: cell.result,
                grade: cell.grade, summary: cell.summary, run: cell.run, history: cell.history)
        }.filter { $0.result == $0.expected }
        return ReportDocument(
            title: "Nightly", created: "2026-11-28T02:00:03Z",
            night: .init(id: "20261128T020000-9c02", started: "2026-11-28T02:00:00Z", ended: "2026-11-28T02:00:02Z"), cells: cells)
    }

    /// As many runs in as many cells.
    package static func large(runs: Int, cells count: Int) -> ReportDocument {
        let cells = (0..<count).map { number -> ReportDocument.Cell in
            let layout = layouts[number % 3]
            let points = (0..<(runs / count)).map { point("r\(number)-\($0)", $0 % 60, .clean, "clean", "kubernetes 1.20.2", 0.8) }
            let run = detail("r\(number)", points.last?.started ?? night, cleanVerdict, source: "kubernetes 1.20.2", recipe: "kubelet")
            return ReportDocument.Cell(
                key: key("kubelet", line: "1.\(number / 3)", [percpu], layout), label: "percpu", version: "1.\(number / 3)",
                state: .asExpected,
                expected: "clean", result: "clean", grade: .clean, summary: cleanVerdict.summary, run: run, history: points)
        }
        return ReportDocument(title: "Nightly", created: "2026-11-27T05:12:41Z", cells: cells)
    }

    // MARK: Parts

    static let night = "2026-11-27T02:04:11Z"
    static let percpu = name("libcontainer/percpu")
    static let source = name("cadvisor/9p-source")
    static let line = name("cadvisor/9p-line")
    static let usage = name("libcontainer/memory-usage")
    static let layouts: [Layout] = [.root9p, .volume9p, .rootOverlay]
    static let v2 = Layout.root9p.with(cgroup: .v2)
    package static let memoryCache =
        "F1127 02:04:17.654901      41 kubelet.go:1350] Failed to start ContainerManager failed to get rootfs info: unable to find data in memory cache"
    static let noDevice =
        "F1127 02:06:21.239983      33 kubelet.go:1350] Failed to start ContainerManager failed to get rootfs info: failed to get device for dir \"/var/lib/kubelet\": could not find device with major: 0, minor: 24 in cached partitions map"

    static func name(_ text: String) -> PatchName {
        guard let name = PatchName(text) else { preconditionFailure("\(text) is no name of a patch") }
        return name
    }

    static func digest(_ number: Int) -> Digest { Digest(bytes: (0..<32).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0 &* 7) }) }

    static func key(
        _ recipe: String, line: String? = nil, _ series: [PatchName], _ layout: Layout, level: Level = .boot, probe: PatchName? = nil
    ) -> CellKey { CellKey(recipe: recipe, line: line, series: series, layout: .sandbox(layout), level: level, probe: probe) }

    static func fatal(_ text: String, cause: Cause, line: Int = 305) -> Verdict {
        let evidence = [
            Evidence(kind: .log, text: text, source: "kubelet", line: line, seconds: 6.64),
            Evidence(kind: .exit, text: "the node's process ended with status 255", source: "sandbox", seconds: 6.71),
        ]
        return Verdict(
            grade: .fatal, level: .boot, cause: cause, summary: "the node ended by itself: \(cause)", evidence: evidence,
            notes: ["/stats/summary was never answered"])
    }

    static let cleanVerdict = Verdict(
        grade: .clean, level: .boot, summary: "alive after 30 s; both probes held, and no forbidden line came after warm-up",
        evidence: [
            Evidence(kind: .probe, text: "ok", source: "/healthz", seconds: 37.4),
            Evidence(kind: .probe, text: "node.fs.capacityBytes 42140479488", source: "/stats/summary", seconds: 37.5),
        ])

    static func point(
        _ run: String, _ day: Int, _ grade: Grade, _ result: String, _ source: String?, _ seconds: Double?
    ) -> ReportDocument.Point {
        // Sixty days that end on November 27.
        let (month, date) = day < 3 ? (9, 28 + day) : day < 34 ? (10, day - 2) : (11, day - 33)
        let text = "2026-\(month < 10 ? "0" : "")\(month)-\(date < 10 ? "0" : "")\(date)T02:04:11Z"
        return .init(run: run, started: text, grade: grade, result: result, source: source, bootSeconds: seconds)
    }

    /// A history of the same result, with boot times that vary a little.
    static func history(_ id: String, _ grade: Grade, _ result: String, source: String, around seconds: Double, count: Int = 40)
        -> [ReportDocument.Point]
    {
        ((60 - count)..<60).map { day in
            let wobble = Double((day * 7919 + id.utf8.count * 104_729) % 23) / 100 - 0.1
            return point("\(id)\(day)", day, grade, result, source, seconds * (1 + wobble))
        }
    }

    static func timeline(_ verdict: Verdict) -> [ReportDocument.Milestone] {
        var steps: [ReportDocument.Milestone] = [
            .init(name: "sandbox", seconds: 0.31), .init(name: "containerd", seconds: 0.52), .init(name: "kubelet", seconds: 0.83),
        ]
        if verdict.grade == .clean {
            steps += [.init(name: "first housekeeping", seconds: 7.9), .init(name: "Ready", seconds: 9.2)]
        }
        if let seconds = verdict.evidence.first?.seconds, verdict.grade != .clean {
            steps.append(.init(name: "deciding line", seconds: seconds))
        }
        return steps
    }

    static func excerpt(_ text: String, line: Int = 305) -> ReportDocument.LogExcerpt {
        let before = [
            "I1127 02:04:17.590112      41 server.go:417] Version: v1.20.2",
            "I1127 02:04:17.590480      41 feature_gate.go:243] feature gates: &{map[]}",
            "I1127 02:04:17.611208      41 server.go:645] --cgroups-per-qos enabled, but --cgroup-root was not specified.  defaulting to /",
            "I1127 02:04:17.611719      41 container_manager_linux.go:274] container manager verified user specified cgroup-root exists: []",
            "I1127 02:04:17.611811      41 container_manager_linux.go:279] Creating Container Manager object based on Node Config: {RuntimeCgroupsName: SystemCgroupsName: KubeletCgroupsName: ContainerRuntime:remote CgroupsPerQOS:true CgroupRoot:/ CgroupDriver:cgroupfs KubeletRootDir:/var/lib/kubelet ProtectKernelDefaults:false}",
            "I1127 02:04:17.612377      41 topology_manager.go:120] [topologymanager] Creating topology manager with none policy",
            "W1127 02:04:17.630019      41 probe.go:268] Flexvolume plugin directory at /usr/libexec/kubernetes/kubelet-plugins/volume/exec/ does not exist. Recreating.",
            "I1127 02:04:17.641150      41 server.go:1176] Started kubelet",
            "E1127 02:04:17.642006      41 kubelet.go:1271] Image garbage collection failed once. Stats initialization may not have completed yet: failed to get imageFs info: unable to find data in memory cache",
            "I1127 02:04:17.651339      41 fs_resource_analyzer.go:64] Starting FS ResourceAnalyzer",
            "I1127 02:04:17.653870      41 volume_manager.go:271] Starting Kubelet Volume Manager",
        ]
        let after = [
            "goroutine 1 [running]:", "k8s.io/klog/v2.stacks(0xc000010001, 0xc0005e2000, 0xe2, 0x2a4)",
            "\tvendor/k8s.io/klog/v2/klog.go:1026 +0xb9",
        ]
        return .init(log: "kubelet.log", first: line - before.count, lines: before + [text] + after, deciding: line)
    }

    static func detail(_ id: String, _ started: String, _ verdict: Verdict, source: String?, recipe: String, text: String? = nil)
        -> ReportDocument.RunDetail
    {
        let excerpt = text.map { Self.excerpt($0, line: verdict.evidence.first?.line ?? 305) }
        return .init(
            id: id, started: started, verdict: verdict, source: source, artifact: digest(id.utf8.count),
            tools: ["runsc": "release-20260817.0", "go": "1.19.8", "kernel": "6.1.0-29-amd64", "containerd": "1.6.20"],
            timeline: timeline(verdict), excerpt: excerpt,
            commands: ["ninepin runs show \(id)", "ninepin run \(recipe) --layout root-9p --level boot"])
    }

    static func cell(
        _ key: CellKey, _ label: String, version: String, _ state: ReportDocument.State, expected: String, _ verdict: Verdict,
        text: String? = nil,
        source: String, boot seconds: Double = 0.8, history points: [ReportDocument.Point]? = nil, counts: [String: Int] = [:]
    ) -> ReportDocument.Cell {
        let id =
            "20261127T0204\(10 + key.description.utf8.reduce(0) { $0 &+ Int($1) } % 50)-\(digest(key.description.utf8.count).hex.prefix(8))"
        let run = detail(id, night, verdict, source: source, recipe: key.recipe, text: text)
        let history = points ?? self.history(id, verdict.grade, verdict.title, source: source, around: seconds)
        return ReportDocument.Cell(
            key: key, label: label, version: version, state: state, expected: expected, result: verdict.title, grade: verdict.grade,
            summary: verdict.summary, counts: counts, run: run, history: history)
    }
}

// MARK: The recipes

extension WrittenNight {
    private static let debian = "kubernetes 1.20.2-1.1+deb12u1"

    /// Three series in three layouts: `percpu` on a 9p root became fatal with the new source.
    static var kubelet: [ReportDocument.Cell] {
        let broken = fatal(memoryCache, cause: .memoryCache)
        var changed = history("20260928T020000-a", .clean, "clean", source: "kubernetes 1.20.2-1.1", around: 0.82, count: 39)
        changed.append(point("20261127T020417-663e0628", 59, .fatal, "fatal, memory cache", debian, 0.86))
        let none = zip(layouts, [memoryCache, noDevice, memoryCache]).map { layout, text in
            let cause: Cause = text == noDevice ? .noDevice : .memoryCache
            return cell(
                key("kubelet-1.20", [], layout), "none", version: "1.20.2", .asExpected, expected: "fatal, \(cause)",
                fatal(text, cause: cause), text: text, source: debian)
        }
        let one = [
            cell(
                key("kubelet-1.20", [percpu], .root9p), "percpu", version: "1.20.2", .broken, expected: "clean", broken, text: memoryCache,
                source: debian, history: changed),
            cell(
                key("kubelet-1.20", [percpu], .volume9p), "percpu", version: "1.20.2", .asExpected,
                expected: "fatal, could not find device",
                fatal(noDevice, cause: .noDevice), text: noDevice, source: debian),
            cell(
                key("kubelet-1.20", [percpu], .rootOverlay), "percpu", version: "1.20.2", .asExpected, expected: "clean", cleanVerdict,
                source: debian, boot: 1.2),
        ]
        let all = layouts.map { layout in
            cell(
                key("kubelet-1.20", [percpu, usage, source], layout), "percpu,memory-usage,9p-source", version: "1.20.2", .asExpected,
                expected: "clean", cleanVerdict, source: debian, boot: 0.9)
        }
        return none + one + all
    }

    /// Four probes in three layouts. They are unchanged, but for one that the time did not suffice for.
    static var probes: [ReportDocument.Cell] {
        let subjects: [(recipe: String, version: String, probe: PatchName)] = [
            ("cadvisor", "0.38.6", source), ("cadvisor", "0.38.6", line), ("runc", "1.0.0-rc92", percpu), ("runc", "1.0.0-rc92", usage),
        ]
        let verdict = Verdict(
            grade: .clean, level: .component, summary: "the probe got figures",
            evidence: [Evidence(kind: .probe, text: "CPU usage of / in nanoseconds: 100000000", source: "probe", seconds: 0.19)])
        return subjects.flatMap { subject in
            layouts.map { layout in
                let key = key(subject.recipe, [subject.probe], layout, level: .component, probe: subject.probe)
                let isLate = subject.probe == usage && layout == .rootOverlay
                guard isLate else {
                    return cell(
                        key, subject.probe.name, version: subject.version, .unchanged, expected: "clean", verdict,
                        source: "\(subject.recipe) \(subject.version)", boot: 0.2)
                }
                return ReportDocument.Cell(
                    key: key, label: subject.probe.name, version: subject.version, state: .postponed, expected: "clean",
                    result: "not measured",
                    grade: nil, summary: "the budget of 4 h was spent before its turn",
                    history: history("20260928T020000-b", .clean, "clean", source: "runc 1.0.0-rc92", around: 0.2, count: 12))
            }
        }
    }

    /// k3s: a patch no longer applies in the newest release, and the harness failed once.
    static var k3s: [ReportDocument.Cell] {
        let harness = Verdict(
            grade: .inconclusive, level: .pod, cause: .serverGone, summary: "the API server ended before the node",
            evidence: [Evidence(kind: .harness, text: "kube-apiserver ended with status 1", source: "control plane", seconds: 4.2)])
        let failed = ReportDocument.Cell(
            key: key("k3s", line: "1.21", [percpu, source], .root9p), label: "percpu,9p-source", version: "1.21.3+k3s1", state: .broken,
            expected: "clean", result: "patch does not apply", grade: nil,
            summary:
                "libcontainer/percpu does not apply: vendor/github.com/opencontainers/runc/libcontainer/cgroups/fs/cpuacct.go has no context for hunk 2",
            history: history("20260928T020000-c", .clean, "clean", source: "k3s 1.21.2+k3s1", around: 2.2, count: 30))
        return [
            failed,
            cell(
                key("k3s", line: "1.21", [percpu, source], .volume9p), "percpu,9p-source", version: "1.21.2+k3s1", .asExpected,
                expected: "clean", cleanVerdict, source: "k3s 1.21.2+k3s1", boot: 2.1),
            cell(
                key("k3s", line: "1.21", [percpu, source], .root9p, level: .pod), "percpu,9p-source", version: "1.21.2+k3s1", .harness,
                expected: "clean", harness, source: "k3s 1.21.2+k3s1", boot: 2.3),
        ]
    }

    /// Kubernetes 1.36: stock became clean on cgroup v2, one cell does not repeat, one boot became slow.
    static var modern: [ReportDocument.Cell] {
        let (old, new) = ("kubernetes 1.36.2", "kubernetes 1.36.3")
        var needless = history("20260928T020000-d", .fatal, "fatal, filesystem info", source: old, around: 0.9, count: 25)
        needless.append(point("20261127T031005-1c0ffee1", 59, .clean, "clean", new, 0.9))
        var slow = history("20260928T020000-e", .clean, "clean", source: old, around: 1.0, count: 39)
        slow.append(point("20261127T031302-51c2a771", 59, .clean, "clean", new, 1.9))
        let shaky = Verdict(
            grade: .degraded, level: .boot, cause: .podStats,
            summary: "two of five boots logged that the statistics of pods no longer change",
            evidence: [
                Evidence(
                    kind: .log,
                    text:
                        "E1127 03:21:40.118200      39 cri_stats_provider.go:455] Failed to get the info of the filesystem with mountpoint \"/var/lib/containerd\": unable to find data in memory cache",
                    source: "kubelet", line: 412, seconds: 21.7)
            ])
        return [
            cell(
                key("kubelet", line: "1.36", [], v2), "none", version: "1.36.3", .broken, expected: "fatal, filesystem info", cleanVerdict,
                source: new, history: needless),
            cell(
                key("kubelet", line: "1.36", [line], v2), "9p-line", version: "1.36.3", .asExpected, expected: "clean", cleanVerdict,
                source: new,
                history: slow),
            cell(
                key("kubelet", line: "1.36", [percpu, line], .root9p), "percpu,9p-line", version: "1.36.3", .flaky, expected: "clean",
                shaky,
                text: shaky.evidence[0].text, source: new, counts: ["clean": 3, "degraded, stats of pods": 2]),
            cell(
                key("kubelet", line: "1.36", [percpu, line], .rootOverlay), "percpu,9p-line", version: "1.36.3", .asExpected,
                expected: "clean",
                cleanVerdict, source: new, boot: 1.1),
            cell(
                key("kubelet", line: "1.36", [percpu, line], v2, level: .pod), "percpu,9p-line", version: "1.36.3", .measured,
                expected: "clean",
                cleanVerdict, source: new, boot: 1.3),
        ]
    }

    static var drift: [Drift] {
        [
            Drift(
                .verdictChanged, recipe: "kubelet-1.20", cells: [key("kubelet-1.20", [percpu], .root9p)],
                what: "kubelet-1.20 with percpu on root-9p is fatal (memory cache); it was clean in 39 runs",
                since: "2026-11-26T02:04:11Z", before: "kubernetes 1.20.2-1.1", after: debian,
                advice: "ninepin bisect kubelet-1.20 --good 1.20.2-1.1 --bad 1.20.2-1.1+deb12u1",
                runs: ["20261126T020411-0b7c11aa", "20261127T020417-663e0628"]),
            Drift(
                .patchNoLongerApplies, recipe: "k3s", cells: [key("k3s", line: "1.21", [percpu, source], .root9p)], patch: percpu,
                what: "libcontainer/percpu does not apply to k3s 1.21.3+k3s1: hunk 2 of cpuacct.go has lost its context",
                since: "2026-11-26T02:40:00Z", before: "k3s 1.21.2+k3s1", after: "k3s 1.21.3+k3s1",
                advice: "ninepin patches rebase libcontainer/percpu --onto k3s@1.21.3+k3s1"),
            Drift(
                .patchNoLongerNeeded, recipe: "kubelet", cells: [key("kubelet", line: "1.36", [], v2)], patch: line,
                what: "a stock kubelet 1.36.3 is clean on root-9p+v2; cadvisor/9p-line is no longer needed there",
                since: "2026-11-26T03:10:00Z", before: "kubernetes 1.36.2", after: "kubernetes 1.36.3",
                advice: "Remove cadvisor/9p-line from the recipe for versions from 1.36.3, and expect clean from the stock kubelet.",
                runs: ["20261127T031005-1c0ffee1"]),
            Drift(
                .slowerBoot, recipe: "kubelet", cells: [key("kubelet", line: "1.36", [line], v2)],
                what: "a boot took 1.9 s; the median of its history is 1.0 s", since: "2026-11-26T03:13:02Z", before: "kubernetes 1.36.2",
                after: "kubernetes 1.36.3", advice: "Run: ninepin diff 20261126T031255-77ab0c1d 20261127T031302-51c2a771",
                runs: ["20261126T031255-77ab0c1d", "20261127T031302-51c2a771"]),
        ]
    }

    static var builds: [ReportDocument.Timing] {
        let subjects: [(String, Double)] = [
            ("kubelet-1.20, none", 96), ("kubelet-1.20, percpu", 41), ("kubelet-1.20, percpu,memory-usage,9p-source", 43),
            ("k3s 1.21, percpu,9p-source", 255),
            ("kubelet 1.36, none", 122), ("kubelet 1.36, percpu,9p-line", 58),
        ]
        return subjects.flatMap { subject, seconds in
            (0..<24).map { number in
                let point = point("b", 36 + number, .clean, "", nil, nil)
                let factor = 1 + Double((number * 37 + subject.utf8.count * 11) % 19) / 60
                return .init(run: "20261127T020000-b\(number)", started: point.started, subject: subject, seconds: seconds * factor)
            }
        }
    }
}
