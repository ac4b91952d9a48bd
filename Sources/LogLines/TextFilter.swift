/// Checks whether a line contains any of several texts, faster than searching for each: most log lines contain none (Wu and Manber, "A Fast
/// Algorithm for Multi-Pattern Searching", 1994).
package struct TextFilter: Sendable {
    /// How far the search can advance after the two bytes at the end of the window; zero if the beginning of a text may end with them.
    private let shifts: [UInt8]
    /// The texts whose window ends in the given two bytes.
    private let texts: [Int: [[UInt8]]]
    private let window: Int

    /// Creates a filter. Each text must have at least two bytes.
    package init(_ wanted: [[UInt8]]) {
        let texts = wanted.filter { $0.count >= 2 }
        let window = min(texts.map(\.count).min() ?? 2, 64)
        var shifts = [UInt8](repeating: UInt8(window - 1), count: 1 << 16)
        for text in texts {
            for end in 1..<window {
                let block = Int(text[end - 1]) << 8 | Int(text[end])
                shifts[block] = min(shifts[block], UInt8(window - 1 - end))
            }
        }
        self.window = window
        self.shifts = shifts
        self.texts = Dictionary(grouping: texts) { Int($0[window - 2]) << 8 | Int($0[window - 1]) }
    }

    /// Whether a line contains any of the texts.
    package func finds(in line: [UInt8]) -> Bool {
        line.withUnsafeBufferPointer { line in
            shifts.withUnsafeBufferPointer { shifts in
                var end = window - 1
                while end < line.count {
                    let block = Int(line[end - 1]) << 8 | Int(line[end])
                    let shift = Int(shifts[block])
                    if shift > 0 {
                        end += shift
                    } else if hasText(line, at: end - window + 1, block) {
                        return true
                    } else {
                        end += 1
                    }
                }
                return false
            }
        }
    }

    private func hasText(_ line: UnsafeBufferPointer<UInt8>, at start: Int, _ block: Int) -> Bool {
        texts[block]?.contains { text in start + text.count <= line.count && line[start..<(start + text.count)].elementsEqual(text) }
            ?? false
    }
}
