import ExitCodes
import FileSystem
import FoundationEssentials
import Glibc
import Model
import Store
import SystemPackage

/// The right to run a night in a workspace. Only one process has it at a time; it ends with the process.
package struct NightlyTurn: Sendable {
    private let lock: FileLock

    /// Another process runs a night in the workspace.
    package struct Taken: ExitStatusError, Sendable, CustomStringConvertible {
        /// Who it is.
        let holder: String

        /// Who runs a night, and what to do.
        package var description: String { "\(holder) in this workspace\n    Wait for its end, or leave out --no-wait." }
        package var exitStatus: ExitStatus { .missing }
    }

    /// Takes the turn.
    ///
    /// - Parameters:
    ///   - waits: whether to wait while another process has it.
    ///   - note: receives who has it, once.
    /// - Throws: `Taken`; `FileError`; `CancellationError`.
    package static func take(in workspace: Workspace, waits: Bool, note: (String) -> Void) async throws -> NightlyTurn {
        try Files.makeDirectory(workspace.path)
        let (path, holder) = (workspace.path.appending("nightly.lock"), workspace.path.appending("nightly.holder"))
        let lock: FileLock
        if waits {
            lock = try await FileLock.take(path) { note("\(words(holder)); waiting for its end") }
        } else {
            guard let free = try FileLock.tryTake(path) else { throw Taken(holder: words(holder)) }
            lock = free
        }
        try Files.write("process \(getpid()) began \(Date.now.formatted(.iso8601))\n", to: holder)
        return NightlyTurn(lock: lock)
    }

    /// Gives the turn back.
    package func release() { lock.release() }

    /// Who has the turn. The file may be from an earlier holder for a moment, or be gone.
    private static func words(_ holder: FilePath) -> String {
        do { return "another night runs (\(try Files.readText(holder).prefix { $0 != "\n" }.prefix(100)))" } catch {
            return "another night runs"
        }
    }
}
