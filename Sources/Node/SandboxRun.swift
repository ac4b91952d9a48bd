import FileSystem
import Grading
import Host
import Model
import Sandbox
import SystemPackage

/// A boot of a program that writes its log to standard output, while the sandbox's first program reports on standard error. Nodes, probes
/// and control planes all boot this way.
package struct SandboxRun<G: Grader>: Sendable {
    /// The grader, which contains everything that was observed so far.
    package var grader: G
    package var logs: BootLogs { streams.logs }
    private var streams: BootStreams

    /// Opens the log files.
    ///
    /// - Parameters:
    ///   - output: the file for the program's log.
    ///   - error: the file for the output of the sandbox and the first program.
    ///   - limit: the maximum size of each file.
    /// - Throws: `FileError`.
    package init(_ grader: G, output: FilePath, error: FilePath, limit: LineFile.Limit = .run) throws(FileError) {
        self.grader = grader
        streams = BootStreams(output: try LineFile(output, limit: limit), error: try LineFile(error, limit: limit))
    }

    /// Parses an event and writes it to its file.
    mutating func read(_ event: Command.Event) -> BootEvent { streams.read(event) }

    /// Runs the sandbox until the grader is certain, a log cannot be written, or the sandbox ends.
    ///
    /// - Parameter observe: receives each event before the grader does.
    /// - Returns: the run with its finding, and its duration in seconds.
    /// - Throws: `CommandError` if the sandbox cannot be started; `CancellationError`, after it is gone.
    package func over(
        _ command: Command, observe: @escaping @Sendable (BootEvent, Double) -> Void = { _, _ in }
    ) async throws -> (run: SandboxRun, seconds: Double) {
        let start = ContinuousClock.now
        var (run, ended) = try await command.watch(self, tick: .milliseconds(250)) { run, event, time in
            let read = run.read(event)
            observe(read, time.seconds)
            run.grader.take(read, at: time.seconds)
            return run.isOver ? .stop : .proceed
        }
        let seconds = start.duration(to: .now).seconds
        run.grader.finish("\(ended)", at: seconds)
        return (run, seconds)
    }

    /// Whether the run may stop.
    var isOver: Bool { grader.finding != nil || logs.fault != nil }
}

extension Verdict {
    /// The verdict of a boot whose harness failed.
    package static func failed(_ reason: String, level: Level) -> Verdict {
        Verdict(
            grade: .inconclusive, level: level, summary: reason, evidence: [Evidence(kind: .harness, text: reason, source: "ninepin")])
    }
}

extension Artifact {
    /// Copies the binary into a root file system.
    ///
    /// - Throws: `ArtifactChanged` if its bytes are not the ones that were built; `FileError`.
    func place(into root: RootFileSystem, as place: String) throws {
        let source = FilePath(path)
        try check(try root.program(source, as: place), of: source)
    }

    /// - Throws: `ArtifactChanged` if the copy's digest differs from the artifact's.
    func check(_ copied: Digest, of source: FilePath) throws(ArtifactChanged) {
        guard copied == digest else { throw ArtifactChanged(path: source, expected: digest, found: copied) }
    }
}

extension Bundle.Mount {
    /// Creates the folders of a layout's volumes.
    ///
    /// - Parameter folder: the boot's own folder.
    /// - Throws: `FileError`.
    static func volumes(of layout: Layout, in folder: FilePath) throws(FileError) -> [Bundle.Mount] {
        guard layout.hasVolume else { return [] }
        let volume = folder.appending("volume")
        try Files.makeDirectory(volume)
        return [.volume(volume, at: "/var/lib/kubelet")]
    }
}
