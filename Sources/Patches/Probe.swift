import Model

/// A short program against a patched package, which says in one line what the package answers where it runs. `patches/UPSTREAM/NAME/probe/main.go`.
package struct Probe: Hashable, Sendable {
    /// The entry that has the program.
    package let name: PatchName
    /// The program's text, as it is in the registry.
    let text: String
    /// The upstream versions that it can be built for; any when nil.
    var versions: VersionRange?

    /// The upstream project whose package it asks.
    package var upstream: String { name.upstream }

    /// Whether it can be built against an upstream of a version; against one that does not tell its version it is tried.
    package func fits(_ version: Version?) -> Bool { version.flatMap { versions?.contains($0) } ?? true }

    /// The folder that it is built in, below a source tree's top.
    package var folder: String { "ninepin-probe/\(name)" }

    /// The program as Go can build it: what it imports below `upstream` is imported from where the upstream project is.
    ///
    /// - Parameter importPath: the upstream project's import path, as code in the tree writes it.
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
    /// How code in the tree imports an upstream project: by the path below the last `vendor` or below the folder of copied modules, else by the
    /// tree's own path and the path in it.
    ///
    /// - Parameter copies: where copies of modules lie in the tree.
    package func importPath(of upstream: Upstream, copies: String) -> String {
        if upstream.path.hasPrefix(copies + "/") { return String(upstream.path.dropFirst(copies.count + 1)) }
        let path = upstream.path == "." ? [] : upstream.path.split(separator: "/")
        guard let vendor = path.lastIndex(of: "vendor") else { return ((importPath.map { [$0[...]] } ?? []) + path).joined(separator: "/") }
        return path[(vendor + 1)...].joined(separator: "/")
    }
}

extension Registry {
    /// The probe that proves an entry: its own, or the one that it names; nil when it has none.
    ///
    /// - Throws: `PatchesError.unknown` when it names an entry that is not there or has no program; `FileError`.
    package func probe(of entry: PatchEntry) throws -> Probe? {
        guard let named = entry.probe else { return try program(of: entry.name) }
        guard entries.contains(where: { $0.name == named }), let probe = try program(of: named) else {
            throw PatchesError.unknown(
                name: named.description, advice: "'\(entry.name)' uses its probe, but it has no probe/main.go")
        }
        return probe
    }

    /// The probes to ask about a series: of the patches in it; about the stock source, those of the recipe's own series, or, where that is empty,
    /// of every patch of the recipe's upstreams. Each once, in the order of the patches.
    ///
    /// - Throws: what ``probe(of:)`` throws.
    package func probes(for series: Series, of recipe: Recipe) throws -> [Probe] {
        let own = recipe.series.isEmpty ? entries.filter { recipe.upstreams[$0.name.upstream] != nil }.map(\.name) : recipe.series
        var probes: [Probe] = []
        for name in series.entries.isEmpty ? own : series.names {
            guard let probe = try probe(of: try entry(named: name.description)), !probes.contains(probe) else { continue }
            probes.append(probe)
        }
        return probes
    }

    /// The probe of a patch that is named on the command line.
    ///
    /// - Throws: `PatchesError` for a name that is unknown, has no probe, or is of an upstream that the recipe does not have.
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
    /// Of some probes those that have something to say about the series: all of the stock source, else those of the upstreams that it patches.
    package func asked(by probes: [Probe]) -> [Probe] {
        entries.isEmpty ? probes : probes.filter { probe in entries.contains { $0.name.upstream == probe.upstream } }
    }

    /// The patches that a probe proves: a program that asks one package need not hold what others touch.
    package func proved(by probe: Probe) -> Set<PatchName> {
        Set(entries.filter { ($0.probe ?? $0.name) == probe.name }.map(\.name))
    }
}
