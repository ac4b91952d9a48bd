import FileSystem
import LogLines
import Sanitizing

/// The different messages of a log in the order in which they first came, each without what differs from boot to boot
/// (``LogLines/MessagePattern``). Built line by line, in bounded memory.
package struct LogMessages: Sendable {
    /// A message, with the line that stands for it.
    struct Message: Hashable, Sendable {
        /// The severity and the pattern.
        let key: String
        /// The number of the first such line in its file, counted from 1; the deciding line's if it is one.
        var line: Int
        /// How many lines have this message.
        var count: Int
        /// The beginning of that line.
        var text: String
        /// The klog letter of its severity, whatever its format; nil if it has none.
        let severity: String?
        /// Whether it is among the evidence of the verdict.
        var isEvidence: Bool
    }

    /// The largest number of different messages that are kept.
    package static let most = 50_000
    /// The largest number of bytes of a log that are read.
    package static let mostBytes = 64 << 20
    /// The length of a pattern in characters, and of a shown line in bytes.
    static let length = (pattern: 480, text: 300)

    private(set) var messages: [Message] = []
    private var places: [String: Int] = [:]
    private var splitter = LineSplitter()
    private let evidence: Set<Int>
    /// How many lines were read.
    package private(set) var lines = 0
    /// Whether there were more bytes, or more different messages, than are kept.
    package private(set) var isCut = false
    private var bytes = 0

    private let most: Int

    /// - Parameters:
    ///   - evidence: the numbers of the lines that are evidence of the verdict, counted from 1. They are kept in any case.
    ///   - most: the largest number of other messages that are kept.
    package init(evidence: Set<Int> = [], most: Int = Self.most) { (self.evidence, self.most) = (evidence, most) }

    /// Takes a piece of the log.
    package mutating func take(_ piece: UnsafeRawBufferPointer) {
        let room = Self.mostBytes - bytes
        bytes += piece.count
        if piece.count > room { isCut = true }
        guard room > 0 else { return }
        var found: [[UInt8]] = []
        // The rest of an overlong line is not compared.
        splitter.take(UnsafeRawBufferPointer(rebasing: piece.prefix(room))) { if case .line(let line) = $0 { found.append(line) } }
        for line in found { read(line) }
    }

    /// Takes the end of the log.
    package mutating func finish() { if case .line(let line) = splitter.finish() { read(line) } }

    func place(of key: String) -> Int? { places[key] }

    private mutating func read(_ line: [UInt8]) {
        lines += 1
        let entry = LogEntry(LineWrapper(line), learned: [])
        let message = entry.text[min(entry.message, entry.text.count)...].prefix(4 * Self.length.pattern)
        let pattern = MessagePattern.text(of: message, length: Self.length.pattern)
        guard !pattern.isEmpty else { return }
        let severity = entry.severity.map { String(UnicodeScalar($0)) }
        let key = "\(severity ?? "-")\(pattern)"
        let isEvidence = evidence.contains(lines)
        if let place = places[key] {
            messages[place].count += 1
            guard isEvidence, !messages[place].isEvidence else { return }
            (messages[place].line, messages[place].text, messages[place].isEvidence) = (lines, Self.shown(line), true)
        } else if messages.count < most || isEvidence {
            places[key] = messages.count
            messages.append(
                Message(key: key, line: lines, count: 1, text: Self.shown(line), severity: severity, isEvidence: isEvidence))
        } else {
            isCut = true
        }
    }

    /// The beginning of a line, without what addresses in it may have of secrets.
    private static func shown(_ line: [UInt8]) -> String {
        let text = String(decoding: line.prefix(Self.length.text), as: UTF8.self)
        return Redaction.text(text) + (line.count > Self.length.text ? "…" : "")
    }
}
