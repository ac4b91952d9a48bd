import Glibc
import Sanitizing
import Synchronization

/// One of the process's output streams, or what stands in its place, and what it can show.
///
/// All that a command says goes through here, and nothing goes through as it is: what would be obeyed instead of shown is written in the form of
/// ``Visible``, and colours are put on after that. A text becomes a line by being interpolated in a ``StyledText``, so no caller can forget it.
package struct Terminal: Sendable {
    /// How a word is shown.
    package enum Style: String, Sendable {
        /// Good news.
        case good = "32"
        /// Bad news.
        case bad = "31"
        /// Neither.
        case doubtful = "33"
        /// What matters less.
        case faint = "2"
        /// What matters more.
        case strong = "1"
    }

    /// Whether a person looks at it: only then is anything coloured, or written over.
    package let isTerminal: Bool
    /// How many characters a line has.
    package let width: Int
    /// How many lines it shows at once.
    package let height: Int
    private let hasColour: Bool
    private let stream: OutputStream

    /// Why something could not be written, in the system's words; nil as long as all was.
    package var failure: String? { stream.failure }

    /// Standard output.
    package static func output(_ environment: [String: String]) -> Terminal { Terminal(STDOUT_FILENO, environment) }

    /// Standard error.
    package static func error(_ environment: [String: String]) -> Terminal { Terminal(STDERR_FILENO, environment) }

    /// `NO_COLOR` is honoured (no-color.org), and so is `TERM=dumb`.
    private init(_ descriptor: Int32, _ environment: [String: String]) {
        let isTerminal = isatty(descriptor) == 1 && environment["TERM"] != "dumb"
        var size = winsize()
        let isKnown = isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 && size.ws_row > 0
        self.init(
            isTerminal: isTerminal, hasColour: isTerminal && (environment["NO_COLOR"] ?? "").isEmpty,
            width: isKnown ? Int(size.ws_col) : 100, height: isKnown ? Int(size.ws_row) : 24, stream: OutputStream(descriptor))
    }

    /// Makes a terminal of a function that takes what is written.
    package init(
        isTerminal: Bool = false, hasColour: Bool = false, width: Int = 100, height: Int = 24,
        writer: @escaping @Sendable ([UInt8]) -> Void
    ) {
        let stream = OutputStream { bytes in
            writer(bytes)
            return nil
        }
        self.init(isTerminal: isTerminal, hasColour: hasColour, width: width, height: height, stream: stream)
    }

    private init(isTerminal: Bool, hasColour: Bool, width: Int, height: Int, stream: OutputStream) {
        self.isTerminal = isTerminal
        self.hasColour = hasColour
        self.width = width
        self.height = height
        self.stream = stream
    }

    /// Writes a line: what the caller wrote itself may have line breaks, what it put in has none.
    package func line(_ text: StyledText = "") { stream.write(rendered(text) + "\n") }

    /// Writes a text of several lines as such a text: its lines and tabs stay.
    package func lines(_ text: String) { stream.write(Visible.lines(text.hasSuffix("\n") ? String(text.dropLast()) : text) + "\n") }

    /// Writes a message that may have several lines; none of them can be taken for the beginning of another message.
    package func message(_ name: StyledText, _ text: String) { stream.write("\(rendered(name))\(Visible.paragraph(text))\n") }

    /// Writes bytes of a text that comes in pieces, such as a log, and need not be UTF-8.
    package func piece(_ text: String) { stream.write(Visible.lines(text)) }

    /// Writes live lines, each as wide as the terminal at most; the cursor stays at the end of the last.
    func live(_ texts: [String]) {
        let width = max(10, width - 1)
        stream.write(texts.map { String(Visible.line($0).prefix(width)) }.joined(separator: "\n"))
    }

    /// Takes live lines off the terminal: up to the first of them, and all below it away (ECMA-48, CUU and ED).
    func wipe(_ count: Int) { stream.write((count > 1 ? "\r\u{1B}[\(count - 1)A" : "\r") + "\u{1B}[J") }

    /// Writes one JSON document.
    func json(_ text: String) { stream.write(Visible.json(text) + "\n") }

    private func rendered(_ text: StyledText) -> String {
        text.spans.map { span in
            guard hasColour, let style = span.style else { return span.text }
            return "\u{1B}[\(style.rawValue)m\(span.text)\u{1B}[0m"
        }.joined()
    }
}

/// A line with colours. What is written in the source stands as it is; what is interpolated is shown in the form of ``Visible``, in one line.
package struct StyledText: ExpressibleByStringInterpolation, Sendable {
    struct Span {
        let text: String
        let style: Terminal.Style?
    }

    let spans: [Span]

    /// How many characters it takes on a terminal.
    var count: Int { spans.map(\.text.count).reduce(0, +) }

    /// A text, in a style.
    package init(_ text: String, _ style: Terminal.Style? = nil) { spans = [Span(text: Visible.line(text), style: style)] }

    /// A text of the source.
    package init(stringLiteral text: String) { spans = [Span(text: text, style: nil)] }

    /// A text of the source, with others in it.
    package init(stringInterpolation parts: StringInterpolation) { spans = parts.spans }

    private init(_ spans: [Span]) { self.spans = spans }

    /// One behind the other.
    static func + (one: StyledText, other: StyledText) -> StyledText { StyledText(one.spans + other.spans) }

    /// The same in a style.
    func styled(_ style: Terminal.Style?) -> StyledText { StyledText(spans.map { Span(text: $0.text, style: style ?? $0.style) }) }

    /// What a line is made of.
    package struct StringInterpolation: StringInterpolationProtocol, Sendable {
        var spans: [Span] = []

        /// Makes an empty one.
        package init(literalCapacity: Int, interpolationCount: Int) {}

        /// Takes text of the source.
        package mutating func appendLiteral(_ text: String) { if !text.isEmpty { spans.append(Span(text: text, style: nil)) } }

        /// Takes a value's description, as something from outside.
        package mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            spans += StyledText(value.description).spans
        }

        /// Takes a text in a style.
        package mutating func appendInterpolation(_ value: some CustomStringConvertible, _ style: Terminal.Style?) {
            spans += StyledText(value.description, style).spans
        }

        /// Takes what was made already.
        package mutating func appendInterpolation(_ text: StyledText) { spans += text.spans }
    }
}

/// Where bytes go, and whether they came there. After the first that do not, nothing more is tried: what follows a gap is no answer.
final class OutputStream: Sendable {
    private let failed = Mutex<String?>(nil)
    private let writer: @Sendable ([UInt8]) -> String?

    var failure: String? { failed.withLock { $0 } }

    /// - Parameter writer: writes all of some bytes; tells why it cannot.
    init(_ writer: @escaping @Sendable ([UInt8]) -> String?) { self.writer = writer }

    convenience init(_ descriptor: Int32) { self.init { Self.write($0, to: descriptor) } }

    func write(_ text: String) {
        guard failure == nil, let reason = writer(Array(text.utf8)) else { return }
        failed.withLock { $0 = $0 ?? reason }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> String? {
        var bytes = bytes[...]
        // Who reads may stop reading: a write then waits, and no cancellation ends it. A file has no reader.
        let piece = isFile(descriptor) ? Int.max : Int(PIPE_BUF)
        while !bytes.isEmpty {
            guard isReady(descriptor) else { return "interrupted while waiting for a reader" }
            let count = bytes.prefix(piece).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                bytes = bytes.dropFirst(count)
            } else if errno != EINTR, errno != EAGAIN {
                return String(cString: strerror(errno))
            }
        }
        return nil
    }

    private static func isFile(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Waits until as much as a pipe takes at once can be written without waiting (pipe(7), PIPE_BUF), or the system has an error to tell; false
    /// when the task is cancelled meanwhile. What can be written is written by a cancelled task, too: it says why it ends.
    private static func isReady(_ descriptor: Int32) -> Bool {
        while true {
            var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if poll(&wanted, 1, 100) > 0 { return true }
            if Task.isCancelled { return false }
        }
    }
}
