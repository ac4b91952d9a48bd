import Fuzzing
import Git
import GitRemote
import Model
import Nightly

extension FuzzTarget {
    /// A nightly manifest.
    static let nightly = FuzzTarget(
        "nightly", limit: 1 << 13,
        words: [
            "matrix:\n", "  - recipe: ", "    series: [none, recipe]\n", "    layouts: [root-9p]\n", "versions: \">=1.34\"", "lines: 100",
            "expect: {\"*\": clean}", " on ", "fatal, memory cache", "budget: ", "1e300h", "4h", "maxAge: 0", "cgroup: [v2]",
            "overlaySize: 20g",
            "level: component", "probes: [", "&a ", "*a", "priority: -9223372036854775808", "null", "\u{85}",
        ],
        seeds: { try ownFiles(below: "recipes") { $0.hasSuffix("nightly.yaml") } }
    ) {
        { input in
            let text = String(decoding: input, as: UTF8.self)
            let isOwn: (any Error) -> Bool = { ($0 as? Diagnostic)?.file == "f.yaml" }
            let manifest = try reading("manifest", throwing: isOwn) { try NightlyManifest(yaml: text, file: "f.yaml", name: "f") }
            guard let value = manifest.value else { return manifest.words }
            try hold(value == (try NightlyManifest(yaml: text, file: "f.yaml", name: "f")), "the same text gives another manifest")
            if let budget = value.budget { try hold(budget.isFinite && budget > 0 && budget < 1e9, "the budget is \(budget) s") }
            try hold((1...365).contains(value.maxAge) && (1...365).contains(value.rebuildAge), "an age is out of bounds")
            for row in value.rows { try check(row) }
            return manifest.words
        }
    }

    /// The tags of a repository, as the versions that a night follows.
    static let tags = FuzzTarget(
        "tags", limit: 1 << 12,
        words: [
            "v1.36.2", "v1.36.0-rc.1", "+k3s1", "-0", "refs/tags/", "refs/heads/", "v", "\n", ".99999999999999999999", "v01.2", "^{}", "..",
            "\0",
        ],
        seeds: { bytes(["refs/tags/v1.20.2\nrefs/tags/v1.36.2\nrefs/tags/v1.36.3-rc.1\nrefs/tags/v1.35.9+k3s2\nrefs/heads/main"]) }
    ) {
        guard let commit = ObjectID(String(repeating: "1", count: 40)) else { throw Broken("no commit") }
        let recipe = """
            title: t
            version: 1.20.2
            importPath: example.org/t
            source: {git: {url: "https://example.org/t", ref: "v{version}"}}
            """
        let pattern = VersionPattern([try RecipeFile(yaml: recipe, file: "f.yaml")])
        guard pattern.version(of: "refs/tags/v1.20.2", at: "https://example.org/t") != nil else { throw Broken("no tag is a release") }
        return { input in
            let names = String(decoding: input, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            let tags = names.map { RemoteTag(name: $0, commit: commit) }
            let all = VersionTags(tags, of: "https://example.org/t", like: pattern, includesPrereleases: true)
            try hold(all.offers.allSatisfy { names.contains($0.name) }, "a release is offered that no tag names")
            try hold(
                all.offers.allSatisfy { $0.name.hasSuffix("v\($0.version.plain)") }, "a release has another version than its tag: \(all)")
            for (index, one) in all.offers.enumerated() {
                for later in all.offers[(index + 1)...] {
                    try hold(!later.version.isReleased(before: one.version), "\(later.version) stands after \(one.version)")
                }
            }
            let newest = all.newest(lines: 3)
            try hold(newest.count <= 3 && newest.allSatisfy(all.offers.contains), "the newest of three lines are \(newest)")
            if let last = all.offers.last, let kept = newest.last { try hold(kept == last, "the newest is not among the newest") }
            // A letter for each release, because digits do not make an outcome different.
            let letters = all.offers.map { $0.version.isPrerelease ? "p" : $0.version.build == nil ? "r" : "b" }
            return letters.joined() + " " + String(repeating: "l", count: newest.count)
        }
    }

    private static func check(_ row: NightlyManifest.Row) throws {
        try hold((1...100).contains(row.lines), "a row follows \(row.lines) lines")
        try hold(row.level != .log, "a row is measured from a log")
        for series in row.series + ["none", "recipe", ""] {
            for layout in row.layouts + [.root9p] {
                guard let expected = row.expected(of: series, label: series, on: layout) else { continue }
                try hold(
                    row.expectations.contains { $0.result == expected }, "\(series) on \(layout) should be \(expected), which nobody wrote")
            }
        }
    }
}
