import Model
import Paths

/// What is verified every night: `recipes/nightly.yaml`.
package struct NightlyManifest: Hashable, Sendable {
    /// A part of the matrix: a recipe, and what is measured of it.
    package struct Row: Hashable, Sendable {
        /// The recipe's name.
        package let recipe: String
        /// The versions to follow; nil for the recipe's own version.
        package let versions: VersionRange?
        /// The number of minor lines to follow. Of each, the newest release is measured.
        package let lines: Int
        /// The level; nil for the one that `run` would use.
        package let level: Level?
        /// The series in command-line notation; `recipe` stands for the recipe's own.
        package let series: [String]
        /// The probes to run at level `component`; empty for all that test the series.
        package let probes: [String]
        /// The layouts; empty for the recipe's own.
        package let layouts: [Layout]
        /// Rows with a higher number run first.
        package let priority: Int
        /// What is expected, from the most general to the most specific.
        package let expectations: [CellExpectation]
        /// The position in the file, for messages.
        package let line: Int
    }

    /// The manifest's name: the file name without its extension.
    package let name: String
    /// The time for building and booting, in seconds; nil for no limit.
    package let budget: Double?
    /// After this many nights a cell is booted again, even if nothing changed.
    package let maxAge: Int
    /// After this many nights a binary is built again and compared, even if nothing changed.
    package let rebuildAge: Int
    package let rows: [Row]
}

/// The expected result of some cells of a row.
package struct CellExpectation: Hashable, Sendable {
    /// The series, as written; nil for every series.
    package let series: String?
    /// The layout; nil for every layout.
    package let layout: Layout?
    /// The expected result, such as `clean` or `fatal, memory cache`.
    package let result: String
}

extension NightlyManifest {
    /// The sections of the file. `docs/nightly.md` is generated from them.
    package enum Schema {
        /// The whole file.
        package static let manifest = YamlSection(
            path: "",
            fields: [
                YamlField(
                    "budget", "duration", required: false,
                    "the time for building and booting, such as `90m` or `2h`; cells that do not fit are postponed to the next night"),
                YamlField(
                    "maxAge", "number", required: false,
                    "after this many nights a cell is booted again, even if nothing changed; default: 7"),
                YamlField(
                    "rebuildAge", "number", required: false,
                    "after this many nights a binary is linked again and compared with the first one; default: 7"),
                YamlField("matrix", "list of mappings", "what is measured"),
            ])
        /// A part of the matrix.
        package static let row = YamlSection(
            path: "matrix",
            fields: [
                YamlField("recipe", "text", "a recipe's name"),
                YamlField(
                    "versions", "version range", required: false,
                    "the versions to follow: of each minor line in the range, the newest release; default: the recipe's own version"),
                YamlField("lines", "number", required: false, "how many of the newest minor lines to follow; default: 1"),
                YamlField("level", "`component`, `boot`, `ready` or `pod`", required: false, "the level; default: as in `run`"),
                YamlField(
                    "series", "list of text", required: false,
                    "series of patches, such as `none` or `percpu,9p-source`; `recipe` is the recipe's own; default: that and those under `compare`"
                ),
                YamlField(
                    "probes", "list of patches", required: false,
                    "the probes to run at level `component`; default: all that test the series"),
                YamlField("layouts", "list of layouts", required: false, "the layouts; default: the recipe's own"),
                YamlField("cgroup", "list of `v1` or `v2`", required: false, "the cgroup versions of the sandbox; default: `v1`"),
                YamlField("overlaySize", "size", required: false, "the maximum size of an overlay root, such as `20g`"),
                YamlField("priority", "number", required: false, "rows with a higher number run first; default: 0"),
                YamlField(
                    "expect", "mapping of cells to results", required: false,
                    "the expected results. A cell is `SERIES`, `SERIES on LAYOUT`, `* on LAYOUT`, or `*`; the most specific one counts. A result is a grade, or a "
                        + "grade and its cause: `clean`, `fatal, memory cache`. Without one, the cell is measured, and nothing is expected of it"
                ),
            ])
        package static let all = [manifest, row]
    }

    /// The largest number of cells, so that a short file cannot ask for weeks of work.
    package static let most = 10_000

    /// Parses a manifest.
    ///
    /// - Parameters:
    ///   - yaml: the file's text.
    ///   - file: the file's path, for messages.
    ///   - name: the manifest's name.
    /// - Throws: `Diagnostic` with file, line and column of the first error.
    package init(yaml: String, file: String, name: String) throws(Diagnostic) {
        let map = try YamlMap.parse(yaml, file: file, schema: Schema.manifest)
        self.name = name
        budget = map.has("budget") ? try map.seconds("budget") : nil
        maxAge = try map.count("maxAge", upTo: 365, default: 7)
        rebuildAge = try map.count("rebuildAge", upTo: 365, default: 7)
        var rows: [Row] = []
        for row in try map.list("matrix", schema: Schema.row) { rows.append(try Row(row)) }
        guard !rows.isEmpty else { throw map.complaint("matrix", "expected at least one recipe") }
        self.rows = rows
    }
}

extension NightlyManifest.Row {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        recipe = try map.text("recipe")
        guard !recipe.contains("@") else {
            throw map.complaint("recipe", "expected a name without a version, found '\(recipe)'; 'versions' says which versions")
        }
        versions = map.has("versions") ? try map.value("versions", expected: "a range such as '>=1.34'") : nil
        lines = try map.count("lines", upTo: 100, default: 1)
        if versions == nil, map.has("lines") { throw map.complaint("lines", "it has no meaning without 'versions'") }
        level = map.has("level") ? try map.word("level") : nil
        if level == .log { throw map.complaint("level", "expected component, boot, ready or pod, found 'log'") }
        series = try map.values("series", as: String.self, expected: "a series such as percpu,9p-source")
        probes = try map.values("probes", as: String.self, expected: "a patch such as percpu")
        if !probes.isEmpty, level != .component { throw map.complaint("probes", "it needs 'level: component'") }
        let files = try map.values("layouts", as: Layout.Name.self, expected: "root-9p, volume-9p or root-overlay").map(\.files)
        let cgroups: [CgroupVersion] = try map.words("cgroup")
        let size: OverlaySize? = map.has("overlaySize") ? try map.value("overlaySize", expected: "a size such as 20g") : nil
        guard files.isEmpty == false || cgroups.isEmpty && size == nil else {
            throw map.complaint(cgroups.isEmpty ? "overlaySize" : "cgroup", "it needs 'layouts'")
        }
        layouts = (cgroups.isEmpty ? [.v1] : cgroups).flatMap { version in
            files.map { Layout($0, cgroup: version, overlaySize: size) }
        }
        priority = map.has("priority") ? try map.value("priority", expected: "a whole number") : 0
        var expectations: [CellExpectation] = []
        for (cell, result) in try map.texts("expect").sorted(by: { $0.key < $1.key }) {
            guard let one = CellExpectation(cell: cell, result: result) else {
                throw map.complaint(
                    "expect",
                    "expected a cell such as 'percpu on root-9p' and a result such as 'fatal, memory cache', found '\(cell): \(result)'")
            }
            expectations.append(one)
        }
        self.expectations = expectations.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }.map(\.element)
        line = map.line
    }

    /// The expected result of a cell; nil if there is none.
    ///
    /// - Parameters:
    ///   - series: the series as written in the file.
    ///   - label: the series in command-line notation.
    package func expected(of series: String, label: String, on layout: Layout) -> String? {
        expectations.last { one in
            (one.series == nil || one.series == series || one.series == label) && (one.layout == nil || one.layout == layout)
        }?.result
    }
}

extension CellExpectation {
    /// Parses `SERIES on LAYOUT` and a result; nil if either is not valid.
    init?(cell: String, result: String) {
        let parts = cell.split(separator: " on ", maxSplits: 1, omittingEmptySubsequences: false).map { $0.trimming() }
        guard let first = parts.first, !first.isEmpty else { return nil }
        series = first == "*" ? nil : first
        if parts.count == 2 {
            guard let layout = Layout(rawValue: parts[1]) else { return nil }
            self.layout = layout
        } else {
            layout = nil
        }
        let words = result.split(separator: ",", maxSplits: 1).map { $0.trimming() }
        guard let grade = words.first, Grade(rawValue: grade) != nil, words.count == 1 || !words[1].isEmpty else { return nil }
        self.result = words.joined(separator: ", ")
    }

    /// How specific it is: a layout alone counts less than a series alone.
    fileprivate var rank: Int { (series == nil ? 0 : 2) + (layout == nil ? 0 : 1) }
}

extension Layout {
    /// The name of a layout's file systems, as a manifest has it.
    fileprivate struct Name: LosslessStringConvertible {
        let files: Layout.Files
        var description: String { files.rawValue }

        init?(_ text: String) {
            guard let files = Layout.Files(rawValue: text) else { return nil }
            self.files = files
        }
    }
}

extension Substring {
    fileprivate func trimming() -> String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

extension YamlMap {
    /// A whole number from 1 to a limit.
    fileprivate func count(_ key: String, upTo most: Int, default standard: Int) throws(Diagnostic) -> Int {
        guard has(key) else { return standard }
        let number: Int = try value(key, expected: "a number from 1 to \(most)")
        guard (1...most).contains(number) else { throw complaint(key, "expected a number from 1 to \(most), found \(number)") }
        return number
    }
}
