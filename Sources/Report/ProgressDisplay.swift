import Model
import Synchronization

/// Shows events to the person who waits: on a terminal a live line for each thing that goes on, plain lines elsewhere.
public final class ProgressDisplay: Sendable {
    /// One of the things that go on at once; the unlabelled one has an empty label.
    private struct Lane {
        let label: String
        var text: String
    }

    private struct State {
        /// What goes on, in the order in which it began.
        var lanes: [Lane] = []
        /// How many live lines stand on the terminal now.
        var shown = 0
        var lastDrawn: ContinuousClock.Instant?
        /// Elsewhere: when each lane was last told of.
        var lastTold: [String: ContinuousClock.Instant] = [:]
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
        state.withLock { show(event, label: "", &$0) }
    }

    private func show(_ event: Event, label: String, _ state: inout State) {
        let subject = label.isEmpty ? "" : "\(label): "
        switch event {
        case .within(let label, let event): show(event, label: label, &state)
        case .began(let step, let text):
            line(&state, "\(mark("…", .faint)) \(name(step)) \(subject)\(text)", of: label)
        case .progress(let step, let text): progress(&state, "  \(name(step)) \(subject)\(text)", of: label)
        case .ended(let record, let detail):
            let time = record.cached ? "from the store" : Self.seconds(record.seconds)
            state.lanes.removeAll { $0.label == label }
            line(&state, "\(mark("✓", .good)) \(name(record.name)) \(subject)\(detail) \(terminal.styled("(\(time))", .faint))", of: label)
        case .note(let text): line(&state, "\(mark("•", .doubtful)) \(subject)\(text)", of: label)
        }
    }

    /// Takes the live lines away, before something else is written.
    public func clear() {
        state.withLock { state in
            state.lanes = []
            wipe(&state)
        }
    }

    /// `1.2 s`, `3 m 05 s`.
    public static func seconds(_ seconds: Double) -> String {
        if seconds < 60 { return "\((seconds * 10).rounded() / 10) s" }
        let whole = Int(seconds.rounded())
        return "\(whole / 60) m \(whole % 60 < 10 ? "0" : "")\(whole % 60) s"
    }

    private func name(_ step: String) -> String { step.count < 8 ? step + String(repeating: " ", count: 8 - step.count) : step }

    private func mark(_ text: String, _ style: Terminal.Style) -> String { terminal.styled(text, style) }

    /// A line that stays. What else goes on is drawn below it again.
    private func line(_ state: inout State, _ text: String, of label: String) {
        wipe(&state)
        terminal.line(text)
        state.lastTold[label] = .now
        draw(&state)
    }

    /// Live lines are written over ten times a second at most; elsewhere a line comes every twenty seconds.
    private func progress(_ state: inout State, _ text: String, of label: String) {
        guard terminal.isTerminal else {
            if let last = state.lastTold[label], last.duration(to: .now) < .seconds(20) { return }
            state.lastTold[label] = .now
            return terminal.line(text)
        }
        let isNew = !state.lanes.contains { $0.label == label }
        if isNew { state.lanes.append(Lane(label: label, text: text)) }
        for index in state.lanes.indices where state.lanes[index].label == label { state.lanes[index].text = text }
        if !isNew, let last = state.lastDrawn, last.duration(to: .now) < .milliseconds(100) { return }
        wipe(&state)
        draw(&state)
    }

    /// Draws the live lines, at most as many as the terminal has besides one; the cursor stays at the end of the last.
    private func draw(_ state: inout State) {
        guard terminal.isTerminal, !state.lanes.isEmpty else { return }
        let room = max(1, terminal.height - 1)
        var texts = state.lanes.map(\.text)
        if texts.count > room {
            let left = texts.count - (room - 1)
            texts = texts.prefix(room - 1) + ["  … and \(left) more"]
        }
        let width = max(10, terminal.width - 1)
        terminal.write(texts.map { String($0.prefix(width)) }.joined(separator: "\n"))
        state.shown = texts.count
        state.lastDrawn = .now
    }

    /// Takes the live lines off the terminal: up to the first of them, and all below it away (ECMA-48, CUU and ED).
    private func wipe(_ state: inout State) {
        guard state.shown > 0 else { return }
        terminal.write((state.shown > 1 ? "\r\u{1B}[\(state.shown - 1)A" : "\r") + "\u{1B}[J")
        state.shown = 0
    }
}
