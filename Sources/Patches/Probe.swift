import Model

/// A short program that calls a patched package and prints in one line how the package behaves where it runs. It is stored in
/// `patches/UPSTREAM/NAME/probe/main.go`.
package struct Probe: Hashable, Sendable {
    /// The entry that contains the program.
    package let name: PatchName
    /// The program's text from the registry.
    let text: String
    /// The upstream versions that it can be built with; nil for any.
    package var versions: VersionRange?

    /// The upstream project whose package the probe calls.
    package var upstream: String { name.upstream }

    /// Whether the probe can be built with an upstream's version; it is tried if the version is unknown.
    package func fits(_ version: Version?) -> Bool { version.flatMap { versions?.contains($0) } ?? true }

    /// The folder where it is built, relative to a source tree's root.
    package var folder: String { "ninepin-probe/\(name)" }

    /// The program in a form that Go can build: imports below `upstream` are replaced by the upstream project's actual import path.
    ///
    /// - Parameter importPath: the import path that code in the tree uses for the upstream project.
    package func source(importing importPath: String) -> [UInt8] {
        var isAmongImports = true
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            // Imports come first in a Go file (The Go Programming Language Specification, "Source file organization").
            if line.hasPrefix("func ") || line.hasPrefix("var ") || line.hasPrefix("const ") || line.hasPrefix("type ") {
                isAmongImports = false
            }
            guard isAmongImports, let found = line.firstMatch(of: /^(\s*(?:import\s+)?(?:[\w.]+\s+)?)"upstream((?:\/[^"]*)?)"(.*)$/) else {
                return String(line)
            }
            return "\(found.1)\"\(importPath)\(found.2)\"\(found.3)"
        }
        return Array(lines.joined(separator: "\n").utf8)
    }
}

extension Recipe {
    /// The import path of an upstream project for code in the tree: the path below the last `vendor` folder or below the folder of copied
    /// modules; otherwise the tree's own import path plus the path in the tree.
    ///
    /// - Parameter copies: the folder in the tree with copies of modules.
    package func importPath(of upstream: Upstream, copies: String) -> String {
        if upstream.path.hasPrefix(copies + "/") { return String(upstream.path.dropFirst(copies.count + 1)) }
        let path = upstream.path == "." ? [] : upstream.path.split(separator: "/")
        guard let vendor = path.lastIndex(of: "vendor") else { return ((importPath.map { [$0[...]] } ?? []) + path).joined(separator: "/") }
        return path[(vendor + 1)...].joined(separator: "/")
    }
}

extension Registry {
    /// The probe of an entry: its own, or the one that it names; nil if it has none.
    ///
    /// - Throws: `PatchesError.unknown` if the named entry does not exist or has no program; `FileError`.
    package func probe(of entry: PatchEntry) throws -> Probe? {
        guard let named = entry.probe else { return try program(of: entry.name) }
        guard entries.contains(where: { $0.name == named }), let probe = try program(of: named) else {
            throw PatchesError.unknown(
                name: named.description, advice: "'\(entry.name)' uses its probe, but it has no probe/main.go")
        }
        return probe
    }

    /// The probes to run for a series: those of its patches. For the stock source, they are those of the recipe's own series, or of every
    /// patch for the recipe's upstreams if that series is empty. Each probe occurs once, in patch order.
    ///
    /// - Throws: errors from ``probe(of:)``.
    package func probes(for series: Series, of recipe: Recipe) throws -> [Probe] {
        let own = recipe.series.isEmpty ? entries.filter { recipe.upstreams[$0.name.upstream] != nil }.map(\.name) : recipe.series
        var probes: [Probe] = []
        for name in series.entries.isEmpty ? own : series.names {
            guard let probe = try probe(of: try entry(named: name.description)), !probes.contains(probe) else { continue }
            probes.append(probe)
        }
        return probes
    }

    /// The probe of a patch named on the command line.
    ///
    /// - Throws: `PatchesError` if the name is unknown, the patch has no probe, or the recipe does not have its upstream.
    package func probe(named name: String, of recipe: Recipe) throws -> Probe {
        let entry = try entry(named: name)
        guard recipe.upstreams[entry.name.upstream] != nil else {
            let advice = Spelling.advice(for: entry.name.upstream, among: recipe.upstreams.keys)
            throw PatchesError.noUpstream(entry.name, recipe: recipe.name, advice: advice)
        }
        guard let probe = try probe(of: entry) else { throw PatchesError.noProbe(series: name, recipe: recipe.name) }
        return probe
    }
}

extension Series {
    /// The probes that are relevant to the series: all of them for the stock source, otherwise those of the upstreams that it patches.
    package func asked(by probes: [Probe]) -> [Probe] {
        entries.isEmpty ? probes : probes.filter { probe in entries.contains { $0.name.upstream == probe.upstream } }
    }

    /// The patches that a probe proves: a program that calls one package cannot prove patches to other packages.
    package func proved(by probe: Probe) -> Set<PatchName> {
        Set(entries.filter { ($0.probe ?? $0.name) == probe.name }.map(\.name))
    }
}
