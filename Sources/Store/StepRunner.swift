import Host
import Model
import Synchronization
import SystemPackage

/// Performs steps in a workspace: takes a step's result from the store, or makes it there.
package struct StepRunner: Sendable {
    package let host: Host
    package let workspace: Workspace
    /// The folder for what is not whole yet.
    package let scratch: Scratch
    /// Where progress and notes go.
    package private(set) var events: EventSink
    package let store: ResultStore
    private let shown = ShownNotes()

    /// Opens a workspace, and removes what killed processes left half done in it.
    ///
    /// - Throws: `FileError` when the workspace cannot be written; `CancellationError`.
    package init(_ host: Host, events: @escaping EventSink) async throws {
        self.host = host
        self.events = events
        workspace = Workspace(host)
        store = ResultStore(workspace)
        scratch = try await Scratch(in: workspace.unfinished)
    }

    /// Removes what this process left half done. Call it on every way out.
    package func close() { scratch.remove() }

    /// The same runner with a label on its events, for work that goes on beside other work.
    package func labelled(_ label: String) -> StepRunner {
        var labelled = self
        labelled.events = { [events] in events(.within(label: label, $0)) }
        return labelled
    }

    /// Shows a note once: the variants of one source all have the same one.
    package func noteOnce(_ text: String) {
        if shown.insert(text) { events(.note(text)) }
    }

    /// What a step of a name may use.
    package func context(of step: String) -> StepContext {
        StepContext(host: host, workspace: workspace, scratch: scratch, note: { [events] in events(.note("\(step): \($0)")) }) { [events] in
            events(.progress(step: step, $0))
        }
    }

    /// A step that was performed.
    package struct Done<S: Step>: Sendable {
        package let output: S.Output
        package let record: StepRecord
        /// The result's folder in the store.
        package let place: FilePath
    }

    /// Takes a step's result from the store, or makes it.
    package func perform<S: Step>(
        _ step: S, subject: String, isFresh: Bool = false, detail: (S.Output) -> String
    ) async throws -> Done<S> {
        let start = ContinuousClock.now
        let key = try step.key()
        func ended(_ output: S.Output, _ cached: Bool) -> Done<S> {
            let record = StepRecord(name: S.name, key: key, cached: cached, seconds: start.duration(to: .now).seconds)
            events(.ended(record, detail: detail(output)))
            return Done<S>(output: output, record: record, place: store.place(step, key))
        }
        if !isFresh, let output = store.result(of: step, key: key) { return ended(output, true) }
        events(.began(step: S.name, subject: subject))
        let context = context(of: S.name)
        let locks = workspace.cache.appending("locks")
        try Files.makeDirectory(locks)
        let lock = try await FileLock.take(locks.appending(key.hex)) {
            context.note("waiting for another ninepin that is doing the same work")
        }
        defer { lock.release() }
        // The other one may have made it meanwhile.
        if !isFresh, let output = store.result(of: step, key: key) { return ended(output, true) }
        let folder = scratch.place(S.name)
        try Files.makeDirectory(folder)
        defer { try? Files.remove(folder) }
        let output = try await step.run(in: context, folder: folder)
        try store.keep(output, of: step, key: key, folder: folder, scratch: scratch)
        return ended(output, false)
    }
}

/// The notes that were shown.
private final class ShownNotes: Sendable {
    private let texts = Mutex<Set<String>>([])

    /// Whether a note is new.
    func insert(_ text: String) -> Bool { texts.withLock { $0.insert(text).inserted } }
}
