import LogLines

/// Joins lines that a wrapper split: a container runtime splits at 16 KiB and marks the parts. Joins at most the length of one piece; the
/// rest follows in further pieces.
struct PartialLines: Sendable {
    /// The result of adding a part.
    enum Made {
        /// Nothing yet.
        case none
        /// Not a part, and from a writer without an open line.
        case other
        /// A line.
        case whole(LineWrapper)
        /// The next piece of the last line.
        case more([UInt8])
    }

    private struct Open: Sendable {
        let voice: LogVoice
        let stream: [UInt8]
        /// The wrapper of the first part, around all the text so far.
        var line: LineWrapper
        var isMade = false
    }

    private var open: [Open] = []
    /// The maximum number of writers with an open line.
    private static let mostOpen = 8

    var isEmpty: Bool { open.isEmpty }

    /// Processes a part, or a line of another writer between parts.
    mutating func take(_ part: LineWrapper) -> Made {
        guard let stream = part.stream else { return .other }
        let voice = LogVoice(name: part.name, isContainer: part.isContainer)
        guard let index = open.firstIndex(where: { $0.voice == voice && $0.stream == stream }) else {
            guard part.isPartial else { return .other }
            if open.count == Self.mostOpen { open.removeFirst() }
            open.append(Open(voice: voice, stream: stream, line: LineWrapper(part, text: part.text)))
            return .none
        }
        defer { if !part.isPartial { open.remove(at: index) } }
        if open[index].isMade { return .more(part.text) }
        open[index].line.append(part.text)
        guard !part.isPartial || open[index].line.text.count >= LogReader.pieceLimit else { return .none }
        let line = open[index].line
        open[index].line = LineWrapper(line, text: [])
        open[index].isMade = true
        return .whole(line)
    }

    /// Returns the incomplete lines at the end of the log.
    mutating func finish() -> [LineWrapper] {
        defer { open = [] }
        return open.filter { !$0.isMade }.map(\.line)
    }
}
