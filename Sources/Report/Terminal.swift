import Glibc

/// One of the process's output streams, or what stands in its place, and what it can show.
public struct Terminal: Sendable {
    /// How a word is shown.
    public enum Style: String, Sendable {
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
    public let isTerminal: Bool
    /// How many characters a line has.
    public let width: Int
    /// How many lines it shows at once.
    public let height: Int
    private let hasColour: Bool
    private let writer: @Sendable ([UInt8]) -> Void

    /// Standard output.
    public static func output(_ environment: [String: String]) -> Terminal { Terminal(STDOUT_FILENO, environment) }

    /// Standard error.
    public static func error(_ environment: [String: String]) -> Terminal { Terminal(STDERR_FILENO, environment) }

    /// `NO_COLOR` is honoured (no-color.org), and so is `TERM=dumb`.
    private init(_ descriptor: Int32, _ environment: [String: String]) {
        let isTerminal = isatty(descriptor) == 1 && environment["TERM"] != "dumb"
        var size = winsize()
        let isKnown = isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 && size.ws_row > 0
        self.init(
            isTerminal: isTerminal, hasColour: isTerminal && (environment["NO_COLOR"] ?? "").isEmpty,
            width: isKnown ? Int(size.ws_col) : 100, height: isKnown ? Int(size.ws_row) : 24
        ) { Self.write($0, to: descriptor) }
    }

    /// Makes a terminal of a function that takes what is written.
    public init(
        isTerminal: Bool = false, hasColour: Bool = false, width: Int = 100, height: Int = 24,
        writer: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.isTerminal = isTerminal
        self.hasColour = hasColour
        self.width = width
        self.height = height
        self.writer = writer
    }

    /// The text in a colour, where there are any.
    public func styled(_ text: String, _ style: Style) -> String { hasColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text }

    /// Writes text as it is.
    public func write(_ text: String) { write(Array(text.utf8)) }

    /// Writes bytes as they are: a log need not be UTF-8.
    public func write(_ bytes: [UInt8]) { writer(bytes) }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var bytes = bytes[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { return }
            bytes = bytes.dropFirst(max(0, count))
        }
    }

    /// Writes text and a line break.
    public func line(_ text: String = "") { write(text + "\n") }
}
