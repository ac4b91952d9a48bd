/// What happens while a pipeline works: one stream that feeds the progress display and the records.
package indirect enum Event: Sendable {
    /// A step begins; the subject tells what it is about.
    case began(step: String, subject: String)
    /// How far it has come.
    case progress(step: String, String)
    /// A step has its result; the detail is what came of it.
    case ended(StepRecord, detail: String)
    /// What a user should know, and no step tells.
    case note(String)
    /// One of several things that go on at once has an event of its own; the label names it for people, and is the same for all its events.
    case within(label: String, Event)
}

/// Takes events, from any task.
package typealias EventSink = @Sendable (Event) -> Void
