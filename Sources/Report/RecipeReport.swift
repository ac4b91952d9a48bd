import Model

extension Report {
    /// The plan of a recipe for the requested version: everything that `run` would use, as far as it is known without the source.
    ///
    /// - Parameters:
    ///   - source: where the source comes from; nil for the recipe's own.
    ///   - go: the Go releases that may build; nil for the recipe's own.
    package func plan(_ recipe: Recipe, source: String? = nil, go: String? = nil) {
        labelled("recipe", "\(recipe.name) \(recipe.version.plain): \(recipe.title)")
        labelled("source", source ?? recipe.source.words)
        labelled("import path", recipe.importPath ?? Self.fromTree)
        labelled("Go", go ?? recipe.toolchain.description)
        if let target = recipe.target { self.target(target) }
        for (name, upstream) in recipe.upstreams.sorted(by: { $0.key < $1.key }) {
            labelled("upstream", "\(name) \(upstream.version?.plain ?? Self.fromTree), in \(upstream.path)")
        }
        labelled("series", recipe.series.label)
        if !recipe.compare.isEmpty { labelled("compared with", recipe.compare.map(\.label).joined(separator: "; ")) }
        if let plane = recipe.controlPlane {
            let patches = plane.series.isEmpty ? "" : ", with \(plane.series.label) if the tree has the fault"
            labelled("control plane", plane.packages.joined(separator: ", ") + patches)
        }
        if let node = recipe.node {
            let fields = node.kubelet.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            labelled("node", ([node.profile.rawValue] + fields).joined(separator: ", "))
            labelled("containerd", node.containerd?.description ?? "this machine's")
            labelled("layouts", recipe.layouts.map(\.rawValue).joined(separator: ", "))
        }
        for (name, download) in recipe.downloads.sorted(by: { $0.key < $1.key }) {
            let addresses = download.git.map { [$0.url] } ?? download.addresses
            labelled("download", "\(name), \(download.identity): \(addresses.joined(separator: " "))")
        }
        for (name, reason) in recipe.leftOut.sorted(by: { $0.key < $1.key }) { labelled("left out", "\(name): \(reason)") }
        for note in recipe.settingNotes { labelled("note", note) }
        measured(recipe)
    }

    private static let fromTree = "from the tree"

    /// A build target; placeholders in braces are replaced by values from the tree.
    private func target(_ target: Target) {
        labelled("mode", target.mode?.rawValue ?? Self.fromTree)
        labelled("package", target.package)
        for flag in target.flags { labelled("flag", flag) }
        for (name, value) in target.environment.sorted(by: { $0.key < $1.key }) { labelled("variable", "\(name)=\(value)") }
    }

    private func measured(_ recipe: Recipe) {
        let own = recipe.ownMeasured
        for entry in own {
            let lines = entry.text.split(separator: "\n")
            labelled("measured", "\(entry.date), by hand: \(lines.first ?? "")")
            for line in lines.dropFirst() { labelled("", String(line)) }
        }
        guard own.isEmpty, !recipe.measured.isEmpty else { return }
        let others = recipe.measured.map { "\($0.versions) (\($0.date))" }.joined(separator: ", ")
        labelled("measured", "not this version; measured by hand: \(others)")
    }
}

extension SourceSpec {
    /// The source in words: `runc 1.1.5 from Debian bookworm`.
    package var words: String {
        switch self {
        case .debian(let spec): "\(spec.package) \(spec.version) from Debian \(spec.suite)"
        case .git(let spec): "\(spec.reference) of \(spec.url)"
        case .archive(let spec): "\(spec.name), sha256 \(spec.sha256.hex)"
        }
    }
}

extension [PatchName] {
    fileprivate var label: String { isEmpty ? "none" : map(\.description).joined(separator: ", ") }
}

extension DownloadSpec {
    /// What its content is pinned by.
    fileprivate var identity: String {
        if let sha256 { return "sha256 \(sha256.hex)" }
        if let git { return "commit \(git.commit)" }
        return tree.map { "tree \($0)" } ?? "unknown"
    }
}
