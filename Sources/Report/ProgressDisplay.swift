import Model
import Sanitizing
import Synchronization

/// Shows events to a waiting user: on a terminal, one live line per activity; elsewhere, plain lines.
package final class ProgressDisplay: Sendable {
    /// One of several concurrent activities; its label is empty if it has none.
    private struct Lane {
        let label: String
        var text: String
    }

    private struct State {
        /// The current activities, in the order they began.
        var lanes: [Lane] = []
        /// The number of live lines currently on the terminal.
        var shown = 0
        var lastDrawn: ContinuousClock.Instant?
        /// The step of each activity, and when it began.
        var steps: [String: (name: String, start: ContinuousClock.Instant)] = [:]
        /// How long steps usually take, in seconds.
        var expected: [String: Double] = [:]
        /// When each activity was last shown, if the output is not a terminal.
        var lastTold: [String: ContinuousClock.Instant] = [:]
    }

    private let terminal: Terminal
    private let isQuiet: Bool
    private let isVerbose: Bool
    private let start = ContinuousClock.now
    private let redact: @Sendable (String) -> String
    private let state = Mutex(State())

    /// Creates a display.
    ///
    /// - Parameters:
    ///   - isQuiet: whether to show nothing at all.
    ///   - isVerbose: whether to write every event as a line of its own, with the seconds since the start.
    ///   - redact: removes secrets from a text.
    package init(
        on terminal: Terminal, isQuiet: Bool, isVerbose: Bool = false,
        redact: @escaping @Sendable (String) -> String = { Redaction.text($0) }
    ) {
        self.terminal = terminal
        self.isQuiet = isQuiet
        self.isVerbose = isVerbose
        self.redact = redact
    }

    package func show(_ event: Event) {
        guard !isQuiet else { return }
        state.withLock { show(event, label: "", &$0) }
    }

    private func show(_ event: Event, label: String, _ state: inout State) {
        let subject = label.isEmpty ? "" : "\(label): "
        switch event {
        case .within(let label, let event): show(event, label: label, &state)
        case .expected(let seconds): state.expected.merge(seconds) { _, new in new }
        case .began(let step, let text):
            state.steps[label] = (step, .now)
            line("\(terminal.signs.shown("…"), .faint) \(name(step)) \(subject)\(redact(text))", of: label, &state)
        case .progress(let step, let text): progress(&state, "  \(name(step)) \(subject)\(redact(text))", of: label)
        case .ended(let record, let detail, let grade):
            let time = record.cached ? "from the store" : Self.seconds(record.seconds)
            state.lanes.removeAll { $0.label == label }
            state.steps[label] = nil
            let sign = terminal.signs.shown(grade?.sign ?? "✓")
            line(
                "\(sign, grade?.style ?? .good) \(name(record.name)) \(subject)\(redact(detail)) \("(\(time))", .faint)", of: label, &state)
        case .note(let text):
            above(&state, of: label) { terminal.message("\(terminal.signs.shown("•"), .doubtful) \(subject)", redact(text)) }
        }
    }

    /// Removes the live lines before other output.
    package func clear() {
        state.withLock { state in
            state.lanes = []
            // A tick that comes now finds nothing to show.
            state.steps = [:]
            wipe(&state)
        }
    }

    /// Shows how far the steps are that usually take long. Called each second, because a step may have nothing to say for minutes.
    package func tick() {
        guard terminal.isTerminal, !isQuiet, !isVerbose else { return }
        state.withLock { state in
            for (label, step) in state.steps where !state.lanes.contains(where: { $0.label == label }) {
                guard Self.bar(of: step.name, since: step.start, expected: state.expected) != nil else { continue }
                state.lanes.append(Lane(label: label, text: "  \(name(step.name)) \(label)"))
            }
            guard !state.lanes.isEmpty else { return }
            wipe(&state)
            draw(&state)
        }
    }

    /// A step's share of the time that it usually takes, for steps that take at least ten seconds: `[####------] 40 %, about 3 m 05 s left`.
    static func bar(
        of step: String, since start: ContinuousClock.Instant, expected: [String: Double], at now: ContinuousClock.Instant = .now
    )
        -> String?
    {
        guard let usual = expected[step], usual >= 10 else { return nil }
        let spent = start.duration(to: now) / .seconds(1)
        guard spent < usual else { return "[##########] longer than usual (\(seconds(usual.rounded())))" }
        let tenths = Int(spent / usual * 10)
        let bar = String(repeating: "#", count: tenths) + String(repeating: "-", count: 10 - tenths)
        return "[\(bar)] \(Int(spent / usual * 100)) %, about \(seconds((usual - spent).rounded(.up))) left"
    }

    /// `1.2 s`, `3 m 05 s`.
    package static func seconds(_ seconds: Double) -> String {
        if seconds < 60 { return "\((seconds * 10).rounded() / 10) s" }
        let whole = Int(seconds.rounded())
        return "\(whole / 60) m \(whole % 60 < 10 ? "0" : "")\(whole % 60) s"
    }

    private func name(_ step: String) -> String { step.count < 8 ? step + String(repeating: " ", count: 8 - step.count) : step }

    private func line(_ text: StyledText, of label: String, _ state: inout State) {
        above(&state, of: label) { terminal.line(timed(text)) }
    }

    /// The text after the seconds since the start, if every event is shown.
    private func timed(_ text: StyledText) -> StyledText {
        guard isVerbose else { return text }
        let time = "\((start.duration(to: .now) / .seconds(1) * 10).rounded() / 10)"
        return "\(String(repeating: " ", count: max(0, 7 - time.count)) + time, .faint) " + text
    }

    /// Writes permanent output, and redraws the live lines below it.
    private func above(_ state: inout State, of label: String, _ write: () -> Void) {
        wipe(&state)
        write()
        state.lastTold[label] = .now
        draw(&state)
    }

    /// On a terminal, live lines are updated at most ten times a second; elsewhere, a line is written every twenty seconds.
    private func progress(_ state: inout State, _ text: String, of label: String) {
        if isVerbose { return terminal.line(timed("\(text)")) }
        guard terminal.isTerminal else {
            if let last = state.lastTold[label], last.duration(to: .now) < .seconds(20) { return }
            state.lastTold[label] = .now
            return terminal.line("\(text)")
        }
        let isNew = !state.lanes.contains { $0.label == label }
        if isNew { state.lanes.append(Lane(label: label, text: text)) }
        for index in state.lanes.indices where state.lanes[index].label == label { state.lanes[index].text = text }
        if !isNew, let last = state.lastDrawn, last.duration(to: .now) < .milliseconds(100) { return }
        wipe(&state)
        draw(&state)
    }

    /// Draws the live lines, at most one fewer than the terminal has; the cursor stays at the end of the last.
    private func draw(_ state: inout State) {
        guard terminal.isTerminal, !state.lanes.isEmpty else { return }
        let room = max(1, terminal.height - 1)
        var texts = state.lanes.map { lane in
            guard let step = state.steps[lane.label], let bar = Self.bar(of: step.name, since: step.start, expected: state.expected) else {
                return lane.text
            }
            // The bar comes first where both do not fit.
            return "\(bar) \(lane.text.drop { $0 == " " })"
        }
        if texts.count > room {
            let left = texts.count - (room - 1)
            texts = texts.prefix(room - 1) + ["  \(terminal.signs.shown("…")) and \(left) more"]
        }
        terminal.live(texts)
        state.shown = texts.count
        state.lastDrawn = .now
    }

    private func wipe(_ state: inout State) {
        guard state.shown > 0 else { return }
        terminal.wipe(state.shown)
        state.shown = 0
    }
}
