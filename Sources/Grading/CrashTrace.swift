import LogLines
import Model

/// A crashing program, as reported by Go's runtime (runtime/panic.go).
struct Crash: Sendable {
    let sighting: Sighting
    /// The stack trace after the message.
    var trace = CrashTrace()
    private var doubts = 0
    /// After this many further lines of the node itself, it was not a crash. While a program dies, its other threads may still write a line
    /// or two.
    private static let mostDoubts = 3

    init(_ evidence: Evidence, fault: Signal?) {
        sighting = Sighting(signal: Signal("panic", "", .fatal), evidence: evidence, fault: fault)
    }

    /// Whether a line begins like a crash report.
    static func begins(in line: [UInt8]) -> Bool { deaths.contains { line.starts(with: $0) } }

    /// The beginnings of crash reports.
    static let deaths = ["panic: ", "fatal error: "].map { Array($0.utf8) }

    /// Records that the program writes further lines.
    ///
    /// - Returns: whether the program is still alive, which means that the line was a quotation.
    mutating func doubt() -> Bool {
        doubts += 1
        return doubts == Self.mostDoubts
    }
}

/// What Go's runtime writes after `panic:` or `fatal error:`: the stacks of the goroutines. Keeps the first frames of the goroutine that
/// died, without the runtime's own frames. Skips runtime stacks and goroutines that have no other frames.
struct CrashTrace: Sendable {
    /// The number of bytes to read after a crash. The trace of a node with a thousand goroutines is longer, but has nothing new beyond
    /// this.
    static let limit = 256 << 10
    /// The maximum number of frames to keep.
    static let mostFrames = 5

    /// The frames, innermost first: the function and its position in the file.
    private(set) var frames: [Evidence] = []
    private var bytes = 0
    private var isInGoroutine = false
    private var isOver = false
    /// A function whose position follows on the next line.
    private var pending: (function: [UInt8], evidence: Evidence)?

    /// Whether enough was read, so that there is no need to wait for more.
    var isFull: Bool { bytes >= Self.limit }

    /// Counts bytes that are not a line of a trace.
    mutating func count(_ more: Int) { bytes += more }

    /// Processes a line without its prefix from other programs.
    ///
    /// - Parameter evidence: the line as it was read.
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

    /// Whether a frame belongs to Go's runtime, judged by its package or by the directory of its file. Other packages have functions that
    /// the runtime implements, such as `reflect.mapiterinit`.
    private static func isRuntime(_ function: [UInt8], at place: [UInt8]) -> Bool {
        let created = Array("created by ".utf8)
        let name = function.starts(with: created) ? Array(function.dropFirst(created.count)) : function
        let packages = ["runtime.", "runtime/", "internal/runtime/", "internal/abi.", "panic("]
        // The second form appears in programs built with -trimpath.
        return packages.contains { name.starts(with: $0.utf8) }
            || ["runtime/", "internal/runtime/", "internal/abi/"].contains {
                place.starts(with: $0.utf8) || LogLine.contains(place, Array("/src/\($0)".utf8))
            }
    }
}
