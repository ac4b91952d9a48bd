import Model

/// A program that dies, as Go's runtime tells (runtime/panic.go).
struct Crash: Sendable {
    let sighting: Sighting
    /// What came after it.
    var trace = CrashTrace()
    private var doubts = 0
    /// So many lines of the node's own after a crash show that it was none: while a program dies, others of its threads may still write one.
    private static let mostDoubts = 3

    init(_ evidence: Evidence, fault: Signal?) {
        sighting = Sighting(signal: Signal("panic", "", .fatal), evidence: evidence, fault: fault)
    }

    /// Whether a line begins as the tale of a crash does.
    static func begins(in line: [UInt8]) -> Bool { deaths.contains { line.starts(with: $0) } }

    /// The words that it begins with.
    static let deaths = ["panic: ", "fatal error: "].map { Array($0.utf8) }

    /// The program goes on writing.
    ///
    /// - Returns: whether it has not died, and the line was a quotation.
    mutating func doubt() -> Bool {
        doubts += 1
        return doubts == Self.mostDoubts
    }
}

/// What Go's runtime writes after `panic:` or `fatal error:`: the stacks of the goroutines. Of the one that died the first frames are kept that are not
/// the runtime's own; a runtime stack, and a goroutine that has none, are passed over.
struct CrashTrace: Sendable {
    /// How many bytes of a log are read on after a crash: the trace of a node with a thousand goroutines has more, and says nothing new there.
    static let limit = 256 << 10
    /// The most frames that are kept.
    static let mostFrames = 5

    /// The frames, the innermost first: the function, and where in its file it was.
    private(set) var frames: [Evidence] = []
    private var bytes = 0
    private var isInGoroutine = false
    private var isOver = false
    /// A function of which the next line tells the place.
    private var pending: (function: [UInt8], evidence: Evidence)?

    /// Whether so much was read that no more is waited for.
    var isFull: Bool { bytes >= Self.limit }

    /// Counts bytes that are no line of a trace.
    mutating func count(_ more: Int) { bytes += more }

    /// Takes a line, without what something else wrote before it.
    ///
    /// - Parameter evidence: the line as it was seen.
    mutating func take(_ line: [UInt8], _ evidence: Evidence) {
        guard !isFull else { return }
        bytes += line.count + 1
        guard !isOver else { return }
        if Self.isHeader(line) || line.isEmpty {
            isOver = !frames.isEmpty
            isInGoroutine = line.starts(with: Self.goroutine)
            pending = nil
        } else if !Self.isIndented(line) {
            pending = isInGoroutine && Self.isFunction(line) ? (line, evidence) : nil
        } else if let (function, evidence) = pending {
            pending = nil
            note(function, at: Self.trimmed(line), evidence)
        }
    }

    private mutating func note(_ function: [UInt8], at place: [UInt8], _ evidence: Evidence) {
        guard Self.isPlace(place), !Self.isRuntime(function, at: place) else { return }
        let text = String(decoding: function.prefix(Self.longest) + Array(" at ".utf8) + place.prefix(Self.longest), as: UTF8.self)
        frames.append(Evidence(kind: .log, text: text, source: evidence.source, line: evidence.line, seconds: evidence.seconds))
        isOver = frames.count == Self.mostFrames
    }

    private static let longest = 512
    private static let goroutine = Array("goroutine ".utf8)

    /// `goroutine 12 [running]:`, `runtime stack:`.
    private static func isHeader(_ line: [UInt8]) -> Bool {
        line.last == UInt8(ascii: ":") && (line.starts(with: goroutine) || line.starts(with: "runtime stack:".utf8))
    }

    private static func isIndented(_ line: [UInt8]) -> Bool { line.first == UInt8(ascii: "\t") || line.first == UInt8(ascii: " ") }

    /// `package.function(0x1, …)`, or `created by package.function`.
    private static func isFunction(_ line: [UInt8]) -> Bool {
        line.last == UInt8(ascii: ")") || line.starts(with: "created by ".utf8)
    }

    /// `/go/src/package/file.go:12 +0x34`.
    private static func isPlace(_ text: [UInt8]) -> Bool {
        [".go:", ".s:", ".c:"].contains { LogLine.contains(text, Array($0.utf8)) }
    }

    private static func trimmed(_ line: [UInt8]) -> [UInt8] { Array(line.drop { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }) }

    /// Whether a frame is of Go's runtime, by its package or by the folder that its file lies in: other packages have functions that the runtime
    /// implements, such as `reflect.mapiterinit`.
    private static func isRuntime(_ function: [UInt8], at place: [UInt8]) -> Bool {
        let created = Array("created by ".utf8)
        let name = function.starts(with: created) ? Array(function.dropFirst(created.count)) : function
        let packages = ["runtime.", "runtime/", "internal/runtime/", "internal/abi.", "panic("]
        // The second form is of a program built with -trimpath.
        return packages.contains { name.starts(with: $0.utf8) }
            || ["runtime/", "internal/runtime/", "internal/abi/"].contains {
                place.starts(with: $0.utf8) || LogLine.contains(place, Array("/src/\($0)".utf8))
            }
    }
}
