import Model

extension PreflightFinding {
    /// Derives all results from the facts about a host environment.
    ///
    /// - Parameters:
    ///   - place: the facts.
    ///   - version: the kubelet version.
    ///   - series: the patches in it.
    ///   - rules: the registry's entries, which say when each patch is needed.
    package init(_ place: HostFacts, version: Version, series: [KnownPatch], rules: [PatchEntry] = []) {
        let forecast = Forecast(place, version: version, rules: rules)
        let needs = forecast.needs
        let reader = CgroupReader(place)
        let quality = { (patches: Set<KnownPatch>) in forecast.boot(with: patches).quality }
        let sets = KnownPatch.allCases.subsets
        let remedy = Self.remedy(among: sets, quality)
        self.init(
            sandbox: place.sandbox, root: place.directory("/"), kubelet: place.directory(place.kubeletDirectory),
            cgroup: Cgroup(version: place.cgroupVersion, missing: reader.gaps.map(\.name), unmounted: reader.unmounted),
            obstacles: place.obstacles, version: version, series: series.compactMap(\.name),
            prediction: forecast.prediction(with: Set(series)),
            patches: KnownPatch.allCases.compactMap { patch in
                let helps = sets.contains { others in
                    guard let without = quality(others), let with = quality(others.union([patch])) else { return false }
                    return without < with
                }
                let rule = needs.first { $0.patch == patch.name && $0.answer != .notMeasured && ($0.answer == .needed) == helps }
                let reason =
                    rule?.evidence
                    ?? (helps ? patch.help : quality([]) == nil ? Self.unknown : patch.uselessness(in: place))
                return patch.name.map { Help(name: $0, helps: helps, reason: reason) }
            },
            remedy: remedy, asks: forecast.asks, needs: needs, asItStands: forecast.asItStands(with: Set(series)),
            boot: forecast.boot(with: Set(series)), fixes: Fixes(forecast).all(remedy: remedy))
    }

    private static let unknown = "the prediction is inconclusive, so this is too"

    /// The smallest set of patches with the best result; empty if no set is better than no patches.
    private static func remedy(among sets: [Set<KnownPatch>], _ quality: (Set<KnownPatch>) -> Quality?) -> [PatchName] {
        let judged = sets.compactMap { set in quality(set).map { (set, $0) } }
        guard let best = judged.map(\.1).max(), let without = quality([]), without < best else { return [] }
        let smallest = judged.filter { $0.1 == best }.min { $0.0.count < $1.0.count }?.0 ?? []
        return KnownPatch.allCases.filter(smallest.contains).compactMap(\.name)
    }
}

/// The quality of a prediction: its grade, then the number of wrong figures.
struct Quality: Comparable {
    let grade: Int
    let faults: Int

    static func < (one: Quality, other: Quality) -> Bool {
        one.grade == other.grade ? one.faults > other.faults : one.grade < other.grade
    }
}

extension PreflightFinding.Prediction {
    /// nil if the prediction is inconclusive.
    var quality: Quality? {
        switch grade {
        case .fatal: Quality(grade: 0, faults: notes.count)
        case .degraded: Quality(grade: 1, faults: notes.count)
        case .clean: Quality(grade: 2, faults: notes.count)
        case .short, .inconclusive: nil
        }
    }
}

extension [KnownPatch] {
    /// All subsets, smallest first.
    fileprivate var subsets: [Set<KnownPatch>] {
        (0..<(1 << count)).map { bits in Set(indices.filter { bits & 1 << $0 != 0 }.map { self[$0] }) }.sorted { $0.count < $1.count }
    }
}

extension HostFacts {
    func directory(_ path: String) -> PreflightFinding.Directory {
        let mount = mounts.holding(path)
        return PreflightFinding.Directory(
            path: path, mountPoint: mount?.point ?? "", type: mount?.type ?? "unknown", source: mount?.source ?? "unknown")
    }
}
