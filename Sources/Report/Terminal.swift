import Glibc
import Sanitizing
import Synchronization

/// An output stream of the process, or a substitute, and its capabilities.
///
/// All output of a command goes through this type, which escapes characters that would be interpreted instead of displayed (``Visible``)
/// and adds colors afterward. Text becomes a line only through interpolation in a ``StyledText``, so no caller can forget the escaping.
package struct Terminal: Sendable {
    /// The style of a word.
    package enum Style: String, Sendable {
        /// Good news.
        case good = "32"
        /// Bad news.
        case bad = "31"
        /// Neither good nor bad.
        case doubtful = "33"
        /// Less important.
        case faint = "2"
        /// More important.
        case strong = "1"
    }

    /// Whether the output goes to a terminal. Only then are colors and live lines used.
    package let isTerminal: Bool
    /// The number of characters per line.
    package let width: Int
    /// The number of lines.
    package let height: Int
    /// The number of characters per line that tables should keep to; nil if lines may be long, because they go to a file or a program.
    package let limit: Int?
    /// The signs that it can show.
    package let signs: Signs
    private let hasColour: Bool
    /// Whether a runner looks for commands in the output.
    private let hasCommands: Bool
    private let stream: OutputStream

    /// The system's error message for a failed write; nil if there was none.
    package var failure: String? { stream.failure }

    /// Standard output.
    package static func output(_ environment: [String: String]) -> Terminal { Terminal(STDOUT_FILENO, environment) }

    /// Standard error.
    package static func error(_ environment: [String: String]) -> Terminal { Terminal(STDERR_FILENO, environment) }

    /// Respects `NO_COLOR` (no-color.org) and `TERM=dumb`.
    private init(_ descriptor: Int32, _ environment: [String: String]) {
        let isTerminal = isatty(descriptor) == 1 && environment["TERM"] != "dumb"
        var size = winsize()
        let isKnown = isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
        // Each of the two may be 0 if only the other was ever set, as by stty(1).
        let width = isKnown && size.ws_col > 0 ? Int(size.ws_col) : 100
        // As for ls(1), an exported COLUMNS also counts where no terminal is.
        let wanted = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        self.init(
            isTerminal: isTerminal, hasColour: isTerminal && (environment["NO_COLOR"] ?? "").isEmpty, width: width,
            height: isKnown && size.ws_row > 0 ? Int(size.ws_row) : 24, limit: isTerminal ? width : wanted, signs: Signs(environment),
            hasCommands: WorkflowCommands.isRead(in: environment), stream: OutputStream(descriptor))
    }

    /// Creates a terminal from a function that receives the output.
    package init(
        isTerminal: Bool = false, hasColour: Bool = false, width: Int = 100, height: Int = 24, limit: Int? = nil, signs: Signs = .unicode,
        hasCommands: Bool = false, writer: @escaping @Sendable ([UInt8]) -> Void
    ) {
        let stream = OutputStream { bytes in
            writer(bytes)
            return nil
        }
        self.init(
            isTerminal: isTerminal, hasColour: hasColour, width: width, height: height, limit: limit, signs: signs,
            hasCommands: hasCommands, stream: stream)
    }

    private init(
        isTerminal: Bool, hasColour: Bool, width: Int, height: Int, limit: Int?, signs: Signs, hasCommands: Bool, stream: OutputStream
    ) {
        self.hasCommands = hasCommands
        self.isTerminal = isTerminal
        self.hasColour = hasColour
        self.width = width
        self.height = height
        self.limit = limit
        self.signs = signs
        self.stream = stream
    }

    /// Writes a line. Literal text may contain line breaks; interpolated values cannot.
    ///
    /// On a terminal, a longer line than fits is broken between words; the terminal itself would break it within a word.
    package func line(_ text: StyledText = "") {
        guard isTerminal, let limit, text.count > limit, !text.hasBreaks else { return write(rendered(text) + "\n") }
        for line in text.wrapped(to: limit, indent: 4) { write(rendered(line) + "\n") }
    }

    /// Writes lines that are commands of GitHub's runner. Their text must have been escaped.
    package func commands(_ text: String) { stream.write(Visible.lines(text) + "\n") }

    /// Whether a text of several lines is written as it is, without anything escaped.
    func isExact(_ text: String) -> Bool {
        Visible.lines(text) == text && (!hasCommands || WorkflowCommands.escaped(text) == text)
    }

    private func write(_ text: String) { stream.write(hasCommands ? WorkflowCommands.escaped(text) : text) }

    /// Writes a text of several lines; its line breaks and tabs are kept.
    package func lines(_ text: String) { write(Visible.lines(text.hasSuffix("\n") ? String(text.dropLast()) : text) + "\n") }

    /// Writes a message that may have several lines, none of which can be mistaken for the beginning of another message.
    package func message(_ name: StyledText, _ text: String) {
        let lines = Visible.paragraph(text).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for (index, text) in lines.enumerated() { line(index == 0 ? name + StyledText(text) : StyledText(text)) }
    }

    /// Writes a piece of a text, such as a log, which need not have been UTF-8.
    package func piece(_ text: String) { write(Visible.lines(text)) }

    /// Writes live lines, each at most as wide as the terminal; the cursor stays at the end of the last.
    func live(_ texts: [String]) {
        let width = max(10, width - 1)
        stream.write(texts.map { String(Visible.line($0).prefix(width)) }.joined(separator: "\n"))
    }

    /// Removes the live lines: moves up to the first and erases everything below (ECMA-48, CUU and ED).
    func wipe(_ count: Int) { stream.write((count > 1 ? "\r\u{1B}[\(count - 1)A" : "\r") + "\u{1B}[J") }

    /// Writes one JSON document.
    func json(_ text: String) {
        let text = Visible.json(text) + "\n"
        stream.write(hasCommands ? WorkflowCommands.escapedJSON(text) : text)
    }

    /// Writes one YAML document, in which everything but printable ASCII is escaped.
    func yaml(_ text: String) { write(Visible.lines(text)) }

    private func rendered(_ text: StyledText) -> String {
        text.spans.map { span in
            guard hasColour, let style = span.style else { return span.text }
            return "\u{1B}[\(style.rawValue)m\(span.text)\u{1B}[0m"
        }.joined()
    }
}

/// A line with colors. Literal text is used unchanged; interpolated values are escaped (``Visible``) and stay within the line.
package struct StyledText: ExpressibleByStringInterpolation, Sendable {
    struct Span {
        let text: String
        let style: Terminal.Style?
    }

    let spans: [Span]

    /// Whether its literal text has several lines.
    var hasBreaks: Bool { spans.contains { $0.text.contains("\n") } }

    /// The width on a terminal, in characters.
    var count: Int { spans.map(\.text.count).reduce(0, +) }

    /// Creates a line from a text to escape, with a style.
    package init(_ text: String, _ style: Terminal.Style? = nil) { spans = [Span(text: Visible.line(text), style: style)] }

    /// Creates a line from literal text.
    package init(stringLiteral text: String) { spans = [Span(text: text, style: nil)] }

    /// Creates a line from literal text with interpolated values.
    package init(stringInterpolation parts: StringInterpolation) { spans = parts.spans }

    init(_ spans: [Span]) { self.spans = spans }

    /// Concatenates two lines.
    static func + (one: StyledText, other: StyledText) -> StyledText { StyledText(one.spans + other.spans) }

    /// The line with all parts in a style; nil keeps their own styles.
    func styled(_ style: Terminal.Style?) -> StyledText { StyledText(spans.map { Span(text: $0.text, style: style ?? $0.style) }) }

    /// The parts of an interpolated line.
    package struct StringInterpolation: StringInterpolationProtocol, Sendable {
        var spans: [Span] = []

        package init(literalCapacity: Int, interpolationCount: Int) {}

        /// Appends literal text.
        package mutating func appendLiteral(_ text: String) { if !text.isEmpty { spans.append(Span(text: text, style: nil)) } }

        /// Appends the description of a value, which is escaped.
        package mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            spans += StyledText(value.description).spans
        }

        /// Appends the description of a value with a style, which is escaped.
        package mutating func appendInterpolation(_ value: some CustomStringConvertible, _ style: Terminal.Style?) {
            spans += StyledText(value.description, style).spans
        }

        /// Appends another line.
        package mutating func appendInterpolation(_ text: StyledText) { spans += text.spans }
    }
}

/// A destination for bytes that records failures. After the first failed write, nothing more is written, because output with a gap is
/// useless.
final class OutputStream: Sendable {
    private let failed = Mutex<String?>(nil)
    private let writer: @Sendable ([UInt8]) -> String?

    var failure: String? { failed.withLock { $0 } }

    /// - Parameter writer: writes all given bytes; returns an error message if it cannot.
    init(_ writer: @escaping @Sendable ([UInt8]) -> String?) { self.writer = writer }

    convenience init(_ descriptor: Int32) { self.init { Self.write($0, to: descriptor) } }

    func write(_ text: String) {
        guard failure == nil, let reason = writer(Array(text.utf8)) else { return }
        failed.withLock { $0 = $0 ?? reason }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> String? {
        var bytes = bytes[...]
        // A reader may stop reading, which would block a write that cancellation cannot interrupt. A file has no such reader.
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

    /// Waits until a pipe can take PIPE_BUF bytes without blocking (pipe(7)), or has an error to report; false if the task is canceled
    /// while waiting. A canceled task still writes if it does not have to wait, because it reports why it ends.
    private static func isReady(_ descriptor: Int32) -> Bool {
        while true {
            var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if poll(&wanted, 1, 100) > 0 { return true }
            if Task.isCancelled { return false }
        }
    }
}
