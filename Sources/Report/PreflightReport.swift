import Model

extension Report {
    /// The finding about a host environment, in about ten lines.
    package func place(_ finding: PreflightFinding) {
        let kubelet = finding.kubelet
        labelled("sandbox", "\(finding.sandbox.kind.rawValue) (\(finding.sandbox.marks.joined(separator: "; ")))")
        labelled("/", finding.root.words)
        labelled(kubelet.path, kubelet.mountPoint == kubelet.path ? kubelet.words : "\(kubelet.words), part of \(kubelet.mountPoint)")
        labelled("cgroup", finding.cgroup.words)
        for ask in finding.asks { labelled("ask for", "\(ask.flag): \(ask.cures)") }
        if !finding.asks.isEmpty {
            labelled(
                "", "with \(finding.asks.count == 1 ? "this" : "all of these"), a stock kubelet \(finding.version.plain) needs no patch")
        }
        for obstacle in finding.obstacles { labelled("obstacle", "\(obstacle.what) (\(obstacle.cure))") }
        let series = finding.series.map(\.name).joined(separator: ",")
        let subject = "kubelet \(finding.version.plain), \(series.isEmpty ? "stock" : "with \(series)")"
        labelled("prediction", "\(subject): \(finding.prediction.title)", finding.prediction.grade.style)
        labelled("because", finding.prediction.reason)
        labelled("based on", finding.prediction.basis)
        if finding.asItStands != finding.prediction {
            labelled("as it stands", "\(finding.asItStands.title): \(finding.asItStands.reason)", finding.asItStands.grade.style)
        }
        if finding.boot != finding.prediction {
            labelled("booted here", "\(finding.boot.title): \(finding.boot.reason)", finding.boot.grade.style)
        }
        for note in finding.prediction.notes { labelled("note", note) }
        for need in finding.needs {
            labelled(
                need.answer.rawValue,
                "\(need.patch)\(need.instead.isEmpty ? "" : " or \(need.instead.map(\.description).joined(separator: ", "))")")
        }
        if !finding.fixes.isEmpty {
            labelled(
                "fixes", "ninepin preflight --fix prints \(finding.fixes.count == 1 ? "the fix" : "all \(finding.fixes.count) fixes")")
        }
        for patch in finding.patches where patch.helps { labelled("helps", "\(patch.name): \(patch.reason)") }
        let others = finding.patches.filter { !$0.helps }.map(\.name.description)
        if !others.isEmpty { labelled("does not help", others.joined(separator: ", ")) }
        if !finding.remedy.isEmpty { labelled("best series", finding.remedy.map(\.description).joined(separator: ",")) }
    }
}

extension PreflightFinding.Directory {
    fileprivate var words: String { "\(type), source \(source)" }
}

extension PreflightFinding.Cgroup {
    fileprivate var words: String {
        guard let version else { return "none" }
        let gaps = missing.isEmpty ? "no files are missing" : "missing: \(missing.joined(separator: ", "))"
        return "v\(version); \(gaps)" + (unmounted.isEmpty ? "" : "; not mounted: \(unmounted.joined(separator: ", "))")
    }
}
