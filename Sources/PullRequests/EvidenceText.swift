import Model
import Sanitizing

/// What a pull request's text says of recorded runs: the complete pairs, and the lines that decided. It names nothing that only the sender
/// has, such as the IDs of runs.
struct EvidenceText {
    /// The rows with a run on both sides; those that show the patch's effect first.
    private let pairs: [EvidenceRow]
    /// The variant that the pull request proposes.
    private let variant: String
    /// What was measured by hand.
    private let measured: String?

    /// How many pairs have their deciding lines in the text.
    private static let shown = 3
    private static let longest = 300

    init(_ rows: [EvidenceRow], variant: String, measured: String? = nil) {
        self.measured = measured.map(Paragraphs.unwrapped)
        pairs = Self.pairs(of: rows)
        self.variant = variant
    }

    /// The complete pairs, one for what was run on each layout: the one that shows the effect with the fewest other patches. If none does,
    /// the one that is clean with the patch.
    static func pairs(of rows: [EvidenceRow]) -> [EvidenceRow] {
        func rank(_ row: EvidenceRow) -> Int {
            (row.showsIt ? 0 : row.after?.grade == .clean ? 1000 : 2000) + (row.seriesBefore == "none" ? 0 : row.seriesBefore.count)
        }
        var seen: Set<[String]> = []
        let sorted = rows.filter(\.isWhole).enumerated().sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }
        return sorted.map(\.element).filter { seen.insert([$0.recipe, $0.level, $0.layout, $0.versions]).inserted }
    }

    /// The pairs whose deciding lines are shown: one of each kind and level.
    static func examples(of rows: [EvidenceRow]) -> [EvidenceRow] {
        var kinds: Set<[String]> = []
        return Array(
            pairs(of: rows).filter(\.showsIt).filter { kinds.insert([$0.level, $0.before?.title ?? ""]).inserted }.prefix(shown))
    }

    /// The section (Markdown).
    var text: String {
        guard !pairs.isEmpty else { return measured ?? "Not run yet." }
        let head = ["| what | file systems | other patches | without | with |", "|---|---|---|---|---|"]
        let ends = source == nil ? [" built from |", "---|"] : ["", ""]
        let table = (zip(head, ends).map(+) + lines).joined(separator: "\n")
        let common = source.map { "All were built from: \(Markdown.text($0))." }
        let parts = [legend, table, companions, common, origin].compactMap(\.self) + Self.examples(of: pairs).map(decided)
        return (parts + (measured.map { [$0] } ?? [])).joined(separator: "\n\n")
    }

    /// The table's lines. Pairs that differ in their file systems alone are one line.
    private var lines: [String] {
        var groups: [(line: [String], places: [String])] = []
        for row in pairs {
            let line = cells(row)
            if let index = groups.firstIndex(where: { $0.line == line }) {
                groups[index].places.append(Self.place(row.layout))
            } else {
                groups.append((line, [Self.place(row.layout)]))
            }
        }
        return groups.map { line, places in
            let all = [line[0], Markdown.text(places.joined(separator: "; "))] + line.dropFirst()
            return "| \(all.joined(separator: " | ")) |"
        }
    }

    /// What all rows were built from and with; nil if they differ.
    private var source: String? {
        let all = Set(pairs.map(\.versions))
        return all.count == 1 ? all.first : nil
    }

    private var legend: String {
        let program = pairs.contains { $0.name.hasPrefix("k3s") } ? "kubelet or k3s" : "kubelet"
        let nodes = """
            A node is \(program), started in a gVisor sandbox of its own and watched. Clean means that it stays up, answers, and shows none of the known \
            faults after its warm-up; fatal means that it ends.
            """
        let probes = "A probe is a small program in the sandbox that calls the changed code, and works or gets an error."
        let used = [pairs.contains { $0.level != "component" } ? nodes : nil, pairs.contains { $0.level == "component" } ? probes : nil]
        return used.compactMap(\.self).joined(separator: " ")
    }

    /// Whether the text of this pull request was measured, or the same change as it reads in other versions.
    private var origin: String {
        if pairs.contains(where: { $0.variant == nil }) { return "Whether these runs are of the text that is proposed here is not known." }
        let others = pairs.filter { $0.variant != variant }
        guard !others.isEmpty else { return "These runs are of the text that is proposed here." }
        let isOwn = others.count < pairs.count
        let sources = Set(others.map(\.plainUpstream)).sorted().map { Markdown.text($0) }.joined(separator: "; ")
        return """
            \(isOwn ? "Some of these runs" : "These runs") are of the same change as it reads in other versions of this code (\(sources)), not of the text \
            that is proposed here.
            """
    }

    /// The other patches that the table names, with what they do.
    private var companions: String? {
        let all = pairs.reduce(into: [:]) { $0.merge($1.companions) { first, _ in first } }
        guard !all.isEmpty else { return nil }
        let words = all.sorted { $0.key < $1.key }.map { "\(Markdown.codeInCell($0.key)) (\(Markdown.text($0.value)))" }
        return "The other patches are \(words.joined(separator: ", "))."
    }

    /// The cells of a line, without the file systems.
    private func cells(_ row: EvidenceRow) -> [String] {
        let level = row.level == "component" || row.level == "boot" ? "" : ", level \(row.level)"
        let what = row.level == "component" ? "probe of \(row.recipe)" : "node of \(row.recipe)\(level)"
        let other = row.seriesBefore == "none" ? "none" : Markdown.codeInCell(row.seriesBefore)
        return [
            Markdown.text(what), other, Markdown.text(Self.result(row.before, at: row.level)),
            Markdown.text(Self.result(row.after, at: row.level)),
        ]
            + (source == nil ? [Markdown.text(row.versions)] : [])
    }

    /// A side's result. The names of known faults are ours, so a probe's is said plainly.
    private static func result(_ side: EvidenceRow.Side?, at level: String) -> String {
        guard let side, level == "component" else { return side?.title ?? "" }
        return switch side.grade {
        case .clean: "works"
        case .fatal: "an error"
        default: side.title
        }
    }

    /// The layout in words for somebody who does not know its name.
    private static func place(_ layout: String) -> String {
        let parts = layout.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
        let files =
            switch parts.first {
            case "root-9p": "/ is 9p"
            case "volume-9p": "/ and /var/lib/kubelet are two 9p mounts"
            case "root-overlay": "/ is an overlay"
            default: layout
            }
        return files + parts.dropFirst().map { ", cgroup \($0)" }.joined()
    }

    private func decided(_ row: EvidenceRow) -> String {
        let sides = [("Without the change", row.before), ("With it", row.after)].compactMap { words, side -> String? in
            guard let evidence = side?.evidence, !evidence.isEmpty else { return nil }
            // In the order in which it happened. An indented block: nothing in a line can end it.
            let lines = evidence.sorted { ($0.seconds ?? .infinity) < ($1.seconds ?? .infinity) }.map { one in
                let source = row.level == "component" ? "probe" : one.source
                return "    \(Visible.line(Visible.excerpt("\(source): \(one.text)", most: Self.longest)))"
            }
            return "\(words):\n\n\(lines.joined(separator: "\n"))"
        }
        let what = row.level == "component" ? "probe" : "node"
        let beside = row.seriesBefore == "none" ? "" : ", with \(Markdown.code(row.seriesBefore))"
        return "From the log of a \(what) (\(Markdown.text(Self.place(row.layout)))\(beside)). \(sides.joined(separator: "\n\n"))"
    }
}

extension EvidenceRow {
    /// The upstream. A version that Debian went back from is named by the one that it is (Debian Policy, 3.2.1).
    fileprivate var plainUpstream: String {
        upstream.replacing(/\b[0-9][0-9.]*\+really([0-9.]+[0-9])\S*/) { "\($0.1) (Debian's \($0.0))" }
    }

    /// The versions of the environment; both if the two sides differ.
    fileprivate var versions: String {
        let tools = ["go", "runsc"].compactMap { tool -> String? in
            let found = [before, after].compactMap { $0?.tools[tool] }
            let words = Set(found).count > 1 ? "\(found[0]), then \(found[1])" : found.first
            return words.map { "\(tool == "go" ? "" : "\(tool) ")\($0)" }
        }
        return ([plainUpstream] + tools).joined(separator: "; ")
    }
}
