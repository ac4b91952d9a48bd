import FileSystem
import Host
import Model
import Synchronization
import SystemPackage

/// Performs steps in a workspace: takes a step's result from the store, or produces it.
package struct StepRunner: Sendable {
    package let host: Host
    package let workspace: Workspace
    /// The folder for incomplete work.
    package let scratch: Scratch
    /// Receives progress and notes.
    package private(set) var events: EventSink
    package let store: ResultStore
    private let shown = ShownNotes()
    /// What failed steps left, if that is to be kept.
    private let leftovers: Leftovers?
    /// Keeps `ninepin gc` from removing entries that this runner was told are there.
    private let use: WorkspaceUse

    /// Opens a workspace, and removes incomplete work of killed processes.
    ///
    /// - Parameter keepsFailed: whether what failed steps leave can be kept with ``closeKeeping()``.
    /// - Throws: `Workspace.NotWritable`; `FileError`; `CancellationError`.
    package init(_ host: Host, keepsFailed: Bool = false, events: @escaping EventSink) async throws {
        self.host = host
        leftovers = keepsFailed ? Leftovers() : nil
        self.events = events
        workspace = Workspace(host)
        try workspace.check()
        store = ResultStore(workspace)
        use = try await WorkspaceUse(of: workspace) { events(.note($0)) }
        scratch = try await Scratch(in: workspace.unfinished)
    }

    /// Removes this process's incomplete work. Call it before every exit.
    package func close() {
        scratch.remove()
        use.end()
    }

    /// Moves what failed steps left to a folder that stays. Call it instead of ``close()``. A night goes on after a step that failed, so it
    /// is for every end.
    ///
    /// - Returns: the folder; nil if there was nothing.
    /// - Throws: `FileError`.
    package func closeKeeping() throws(FileError) -> FilePath? {
        defer { close() }
        guard let left = leftovers?.places, !left.isEmpty else { return nil }
        let kept = workspace.failed.appending(scratch.path.lastComponent?.string ?? "work")
        try Files.makeDirectory(kept)
        for place in left { if let name = place.lastComponent { try Files.rename(place, to: kept.appending(name)) } }
        return kept
    }

    /// The same runner with a label on its events, for work that runs in parallel with other work.
    package func labelled(_ label: String) -> StepRunner {
        var labelled = self
        labelled.events = { [events] in events(.within(label: label, $0)) }
        return labelled
    }

    /// Shows a note only once, because all variants of a source produce the same note.
    package func noteOnce(_ text: String) {
        if shown.insert(text) { events(.note(text)) }
    }

    /// The context for the step with a name.
    package func context(of step: String) -> StepContext {
        StepContext(
            host: host, workspace: workspace, scratch: scratch, note: { [events] in events(.note("\(step): \($0)")) },
            progress: { [events] in events(.progress(step: step, $0)) }, leftovers: leftovers)
    }

    /// A performed step.
    package struct Done<S: Step>: Sendable {
        package let output: S.Output
        package let record: StepRecord
        /// The result's folder in the store.
        package let place: FilePath
    }

    /// Takes a step's result from the store, or produces it.
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
        // Another process may have produced it in the meantime.
        if !isFresh, let output = store.result(of: step, key: key) { return ended(output, true) }
        return try await context.inPlace(of: S.name) { folder in
            try Files.makeDirectory(folder)
            let output = try await step.run(in: context, folder: folder)
            try store.keep(output, of: step, key: key, folder: folder, scratch: scratch)
            return ended(output, false)
        }
    }
}

/// The notes already shown.
private final class ShownNotes: Sendable {
    private let texts = Mutex<Set<String>>([])

    /// Whether a note is new.
    func insert(_ text: String) -> Bool { texts.withLock { $0.insert(text).inserted } }
}
