/// Lines that a wrapper cut into parts: a container runtime does so at 16 KiB, and tells it. Put together as far as a piece of a line goes; what is longer
/// comes as more of it.
struct PartialLines: Sendable {
    /// What a part made.
    enum Made {
        /// Nothing yet.
        case none
        /// It is no part, and of another writer than what is open.
        case other
        /// A line.
        case whole(LineWrapper)
        /// More of the last line that was made.
        case more([UInt8])
    }

    private struct Open: Sendable {
        let voice: LogVoice
        let stream: [UInt8]
        /// The first part, around all the text so far.
        var line: LineWrapper
        var isMade = false
    }

    private var open: [Open] = []
    /// So many writers' lines may be open at once.
    private static let mostOpen = 8

    var isEmpty: Bool { open.isEmpty }

    /// Takes a part, or the line of another writer between parts.
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

    /// What is left when the log ends.
    mutating func finish() -> [LineWrapper] {
        defer { open = [] }
        return open.filter { !$0.isMade }.map(\.line)
    }
}
