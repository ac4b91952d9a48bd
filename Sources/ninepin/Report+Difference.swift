import Comparing
import Model
import Report

extension Report {
    /// Writes how two runs differ.
    func difference(_ difference: RunDifference) {
        text("\(difference.title)")
        text("- \(difference.before.id)  \(difference.before.started)")
        text("+ \(difference.after.id)  \(difference.after.started)")
        for group in RunDifference.Group.allCases {
            let changes = difference.changes.filter { $0.group == group }
            guard !changes.isEmpty else { continue }
            text("")
            text("\(group.rawValue)\(group.decides ? "" : " (cannot decide a verdict)"):")
            for change in changes { self.change(change) }
        }
        for log in difference.logs { self.log(log) }
        text("")
        text("\(same(difference))")
    }

    private func change(_ change: RunDifference.Change) {
        switch (change.before.map(Self.short), change.after.map(Self.short)) {
        case (let before?, let after?):
            let ratio = change.ratio.map { "  (\($0)x)" } ?? ""
            if before.count + after.count < 80 { return text("    \(change.name): \(before) → \(after)\(ratio)") }
            text("    \(change.name):")
            text("      - \(before)")
            text("      + \(after)")
        case (let before?, nil): text("    - \(change.name): \(before)")
        case (nil, let after?): text("    + \(change.name): \(after)")
        case (nil, nil): break
        }
    }

    /// The beginning of a digest or of a tree's ID; any other text as it is.
    private static func short(_ text: String) -> String {
        Digest(text) != nil || TreeID(text) != nil ? String(text.prefix(12)) : text
    }

    private func log(_ log: LogDifference) {
        guard !log.isSame else { return }
        text("")
        let counts: StyledText = "\(log.same) in both, \(log.onlyBefore) only in the first, \(log.onlyAfter) only in the second"
        text("\(log.name), different messages: \(counts)")
        for note in log.notes { text("    note: \(note)") }
        for line in log.lines {
            let count = line.count > 1 ? " x\(line.count)" : ""
            text("  \(line.isEvidence ? "*" : " ")\(line.side == .before ? "-" : "+") \(line.line)\(count): \(line.text)")
        }
        if log.omitted > 0 { text("    \(log.omitted) more; --all shows them") }
        for count in log.counts ?? [] { text("    \(count.before) → \(count.after) times: \(count.text)") }
    }

    private func same(_ difference: RunDifference) -> String {
        let logs = difference.logs.filter(\.isSame).map(\.name)
        let differing = Set(difference.changes.map(\.group))
        let groups = difference.same.map { same in
            differing.contains(same.group) ? "\(same.count) of \(same.group.rawValue)" : "\(same.group.rawValue) (\(same.count))"
        }
        let parts = groups + (logs.isEmpty ? [] : ["messages of \(logs.joined(separator: ", "))"])
        let words = parts.isEmpty ? "" : "same: \(parts.joined(separator: ", "))"
        return difference.isSame ? "nothing differs; \(words)" : words
    }
}
