import ExitCodes
import FileSystem
import Model
import SystemPackage

/// The use of a workspace's results by a process. While any process uses them, none are removed.
///
/// It is a shared flock(2) on `cache/locks/in-use`. `ninepin gc` removes only while it holds that lock exclusively, and never waits for it.
/// A lock for each result would not be enough: a boot uses a binary long after its step has ended.
package struct WorkspaceUse: Sendable {
    private let lock: FileLock

    /// Begins a use. Waits while results are being removed.
    ///
    /// - Parameter note: receives the reason for a wait, once.
    /// - Throws: `FileError`; `CancellationError`.
    package init(of workspace: Workspace, note: (String) -> Void) async throws {
        lock = try await FileLock.share(try Self.place(in: workspace)) { note("waiting for 'ninepin gc' in this workspace") }
    }

    private init(_ lock: FileLock) { self.lock = lock }

    /// Begins the removal of results: no process uses them until ``end()``.
    ///
    /// - Throws: ``InUse``; `FileError`.
    package static func removal(in workspace: Workspace) throws -> WorkspaceUse {
        guard let lock = try FileLock.tryTake(try place(in: workspace)) else { throw InUse(workspace: workspace.path) }
        return WorkspaceUse(lock)
    }

    /// Ends the use. It also ends with the process.
    package func end() { lock.release() }

    private static func place(in workspace: Workspace) throws(FileError) -> FilePath {
        let locks = workspace.cache.appending("locks")
        try Files.makeDirectory(locks)
        return locks.appending("in-use")
    }

    /// Another process uses the workspace, so nothing can be removed.
    package struct InUse: ExitStatusError, Sendable, CustomStringConvertible {
        let workspace: FilePath

        /// Where, why, and what to do.
        package var description: String {
            """
            cannot remove anything from \(workspace): another ninepin uses it, and could lose a result that it needs
                Wait until it ends, and take down kept nodes ('ninepin nodes', 'ninepin down NAME').
            """
        }
        package var exitStatus: ExitStatus { .missing }
    }
}
