import ExitCodes
import Sanitizing

/// An error in a user-written file, a recipe or a patch description, with its position.
package struct Diagnostic: ExitStatusError, Hashable, Codable, Sendable, CustomStringConvertible {
    /// The file's path as given.
    package let file: String
    /// The line, counted from 1; 0 for the whole file.
    package let line: Int
    /// The column, counted from 1; 0 for the whole file.
    package let column: Int
    /// What is wrong and what was expected.
    package let message: String

    package init(file: String, line: Int = 0, column: Int = 0, message: String) {
        self.file = file
        self.line = line
        self.column = column
        // Text from the file may be long.
        let shown = Redaction.text(message)
        self.message = shown.count > 1000 ? "\(shown.prefix(1000))…" : shown
    }

    /// `FILE:LINE:COLUMN: MESSAGE`, in compiler format, so that editors can jump to the position.
    package var description: String { Visible.line(line > 0 ? "\(file):\(line):\(column): \(message)" : "\(file): \(message)") }

    package var exitStatus: ExitStatus { .data }
}

/// Finds the known name closest to a misspelled one.
package enum Spelling {
    /// The closest known name, if at most a third of the letters differ; otherwise nil.
    package static func nearest(to name: String, among known: some Sequence<String>) -> String? {
        let ranked = known.map { (name: $0, distance: distance(name.lowercased(), $0.lowercased())) }
        guard let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
        return best.distance <= max(1, max(name.count, best.name.count) / 3) ? best.name : nil
    }

    /// A sentence to append to an error: the closest name if there is one, otherwise all names.
    package static func advice(for name: String, among known: some Sequence<String>) -> String {
        if let nearest = nearest(to: name, among: known) { return "did you mean '\(nearest)'?" }
        let all = known.sorted()
        return all.isEmpty ? "none are known" : "known: \(all.joined(separator: ", "))"
    }

    /// The smallest number of letters to insert, delete or replace, or of neighbors to swap (the optimal string alignment distance). A swap is
    /// the most frequent mistake of all.
    static func distance(_ one: String, _ other: String) -> Int {
        let (left, right) = (Array(one), Array(other))
        var older: [Int] = []
        var old = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var least = left[i] == right[j] ? old[j] : min(old[j], old[j + 1], row[j]) + 1
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { least = min(least, older[j - 1] + 1) }
                row.append(least)
            }
            (older, old) = (old, row)
        }
        return old[right.count]
    }
}
