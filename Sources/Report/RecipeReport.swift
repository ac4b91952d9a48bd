import Model

extension Report {
    /// What a recipe comes to at the version that was asked for: all that `run` would take, as far as it is known before the source is here.
    public func plan(_ recipe: Recipe) {
        labelled("recipe", "\(recipe.name) \(recipe.version.plain): \(recipe.title)")
        labelled("source", recipe.source.words)
        labelled("import path", recipe.importPath)
        if let target = recipe.target { labelled("mode", target.mode?.rawValue ?? Self.fromTree) }
        labelled("Go", recipe.toolchain.description)
        for (name, upstream) in recipe.upstreams.sorted(by: { $0.key < $1.key }) {
            labelled("upstream", "\(name) \(upstream.version?.plain ?? Self.fromTree), in \(upstream.path)")
        }
        labelled("series", recipe.series.label)
        if !recipe.compare.isEmpty { labelled("compared with", recipe.compare.map(\.label).joined(separator: "; ")) }
        if let plane = recipe.controlPlane {
            let patches = plane.series.isEmpty ? "" : ", with \(plane.series.label) where the tree has the fault"
            labelled("control plane", plane.packages.joined(separator: ", ") + patches)
        }
        if let node = recipe.node {
            let fields = node.kubelet.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            labelled("node", ([node.profile.rawValue] + fields).joined(separator: ", "))
            labelled("layouts", recipe.layouts.map(\.rawValue).joined(separator: ", "))
        }
        measured(recipe)
    }

    private static let fromTree = "from the tree"

    private func measured(_ recipe: Recipe) {
        let own = recipe.ownMeasured
        for entry in own {
            let lines = entry.text.split(separator: "\n")
            labelled("measured", "\(entry.date), by hand: \(lines.first ?? "")")
            for line in lines.dropFirst() { labelled("", String(line)) }
        }
        guard own.isEmpty, !recipe.measured.isEmpty else { return }
        let others = recipe.measured.map { "\($0.versions) (\($0.date))" }.joined(separator: ", ")
        labelled("measured", "not this version; by hand were: \(others)")
    }
}

extension SourceSpec {
    fileprivate var words: String {
        switch self {
        case .debian(let spec): "\(spec.package) \(spec.version) of Debian \(spec.suite)"
        case .git(let spec): "\(spec.reference) of \(spec.url)"
        case .archive(let spec): "\(spec.name), sha256 \(spec.sha256.hex)"
        }
    }
}

extension [PatchName] {
    fileprivate var label: String { isEmpty ? "none" : map(\.description).joined(separator: ", ") }
}
