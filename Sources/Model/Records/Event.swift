/// An event in a pipeline. One stream of events feeds the progress display and the records.
package indirect enum Event: Sendable {
    /// A step begins with the given subject.
    case began(step: String, subject: String)
    /// The progress of a step.
    case progress(step: String, String)
    /// A step has ended; the detail describes its result, and the grade is that of a boot or a probe.
    case ended(StepRecord, detail: String, grade: Grade? = nil)
    /// How long steps usually take, in seconds by name, where earlier runs tell.
    case expected([String: Double])
    /// Information for the user that belongs to no step.
    case note(String)
    /// An event of one of several concurrent activities. All events of an activity have the same label, which is its display name.
    case within(label: String, Event)
}

/// Receives events from any task.
package typealias EventSink = @Sendable (Event) -> Void
