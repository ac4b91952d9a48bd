import Model
import Synchronization

/// Shows events to the person who waits: a live line a step on a terminal, plain lines elsewhere.
public final class ProgressDisplay: Sendable {
    private struct State {
        var isLive = false
        var lastShown: ContinuousClock.Instant?
    }

    private let terminal: Terminal
    private let isQuiet: Bool
    private let state = Mutex(State())

    /// Makes a display.
    ///
    /// - Parameter isQuiet: whether nothing at all is shown.
    public init(on terminal: Terminal, isQuiet: Bool) {
        self.terminal = terminal
        self.isQuiet = isQuiet
    }

    /// Shows an event.
    public func show(_ event: Event) {
        guard !isQuiet else { return }
        state.withLock { state in
            switch event {
            case .began(let step, let subject): line(&state, "\(mark("…", .faint)) \(name(step)) \(subject)")
            case .progress(let step, let text): progress(&state, "  \(name(step)) \(text)")
            case .ended(let record, let detail):
                let time = record.cached ? "from the store" : Self.seconds(record.seconds)
                line(&state, "\(mark("✓", .good)) \(name(record.name)) \(detail) \(terminal.styled("(\(time))", .faint))")
            case .note(let text): line(&state, "\(mark("•", .doubtful)) \(text)")
            }
        }
    }

    /// Takes the live line away, before something else is written.
    public func clear() {
        state.withLock { wipe(&$0) }
    }

    /// `1.2 s`, `3 m 05 s`.
    public static func seconds(_ seconds: Double) -> String {
        if seconds < 60 { return "\((seconds * 10).rounded() / 10) s" }
        let whole = Int(seconds.rounded())
        return "\(whole / 60) m \(whole % 60 < 10 ? "0" : "")\(whole % 60) s"
    }

    private func name(_ step: String) -> String { step.count < 8 ? step + String(repeating: " ", count: 8 - step.count) : step }

    private func mark(_ text: String, _ style: Terminal.Style) -> String { terminal.styled(text, style) }

    private func line(_ state: inout State, _ text: String) {
        wipe(&state)
        terminal.line(text)
        state.lastShown = .now
    }

    /// A terminal's line is written over ten times a second at most; elsewhere a line comes every twenty seconds.
    private func progress(_ state: inout State, _ text: String) {
        let pause: Duration = terminal.isTerminal ? .milliseconds(100) : .seconds(20)
        if let last = state.lastShown, last.duration(to: .now) < pause { return }
        state.lastShown = .now
        guard terminal.isTerminal else { return terminal.line(text) }
        wipe(&state)
        terminal.write(String(text.prefix(max(10, terminal.width - 1))))
        state.isLive = true
    }

    private func wipe(_ state: inout State) {
        guard state.isLive else { return }
        terminal.write("\r\u{1B}[K")
        state.isLive = false
    }
}
