import FileSystem
import FoundationEssentials
import Glibc
import Host
import Model
import SystemPackage

/// The directory of a kept node: its plan, its keeper's report, its logs. The process that holds the lock in it is the keeper.
package struct NodeFolder: Sendable {
    /// The node's name.
    package let name: String
    /// The directory.
    package let path: FilePath

    /// Names a node's directory in a workspace without creating it.
    ///
    /// - Throws: `SupervisorError` if the name is not a valid directory name.
    package init(_ name: String, in workspace: FilePath) throws(SupervisorError) {
        guard name.wholeMatch(of: /[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?/) != nil else { throw .name(name) }
        self.name = name
        path = Self.all(in: workspace).appending(name)
    }

    /// All nodes of a workspace, by name.
    ///
    /// - Throws: `FileError` if the folder of nodes cannot be read.
    package static func list(in workspace: FilePath) throws(FileError) -> [NodeFolder] {
        try Files.list(all(in: workspace)).compactMap { try? NodeFolder($0, in: workspace) }
    }

    private static func all(in workspace: FilePath) -> FilePath { workspace.appending("nodes") }

    /// The sandbox's files while the node is up.
    package var boot: FilePath { path.appending("boot") }
    /// The directory of its logs.
    package var logs: FilePath { path.appending("logs") }
    /// The keeper's own output.
    package var keeperLog: FilePath { path.appending("keeper.log") }
    /// The kubeconfig file for kubectl.
    package var kubeconfig: FilePath { path.appending("kubeconfig") }
    private var planFile: FilePath { path.appending("plan.json") }
    private var reportFile: FilePath { path.appending("report.json") }
    private var lockFile: FilePath { path.appending(".alive") }
    private var processFile: FilePath { path.appending("keeper.pid") }

    /// Whether the node exists.
    package var exists: Bool { Files.exists(planFile) }

    /// Creates the directory with a plan.
    ///
    /// - Throws: `SupervisorError` if the node already exists; `FileError`.
    package func create(_ plan: NodePlan) throws {
        try Files.makeDirectory(path.removingLastComponent())
        // mkdir succeeds only once, so of two processes that want the name at the same time, one gets it.
        // The directory is private to its owner, because logs show what runs in a node and the kubeconfig lets anyone run more.
        guard mkdir(path.string, 0o700) == 0 else {
            guard errno == EEXIST else { throw Files.error("make", path, errno) }
            throw SupervisorError.exists(name)
        }
        do {
            try Files.makeDirectory(logs)
            try Files.write(try JSONDocument.bytes(of: plan), to: planFile)
        } catch {
            // Otherwise a node that is not listed would occupy the name. Report the first error.
            try? Files.remove(path)
            throw error
        }
    }

    /// The plan.
    ///
    /// - Throws: `SupervisorError` if there is no such node or its plan cannot be read.
    package func plan() throws(SupervisorError) -> NodePlan {
        guard exists else { throw .unknown(name) }
        guard let bytes = try? Files.read(planFile), let plan = try? JSONDecoder().decode(NodePlan.self, from: Data(bytes)) else {
            // The node may have been removed in the meantime.
            throw exists ? .unreadable(name, planFile) : .unknown(name)
        }
        return plan
    }

    /// The keeper's last report; nil if there is none yet.
    ///
    /// - Throws: `SupervisorError` if it cannot be read; `FileError` if it cannot be determined whether the keeper is alive.
    package func report() throws -> NodeReport? {
        for _ in 0..<20 {
            guard Files.exists(reportFile) else { return nil }
            do { return try JSONDecoder().decode(NodeReport.self, from: Data(try Files.read(reportFile))) } catch {
                // The node may have been removed in the meantime.
                guard Files.exists(reportFile) else { return nil }
                // On a full disk the keeper overwrites its last report in place: for a moment the file is invalid.
                guard try FileLock.isHeld(lockFile) else { break }
                usleep(5_000)
            }
        }
        throw SupervisorError.unreadable(name, reportFile)
    }

    /// Writes a report. If the disk is full, overwrites the previous report completely, so that nothing of it remains.
    ///
    /// - Parameter replace: writes a new file; tests pass another function, because they cannot fill a disk.
    func write(
        _ report: NodeReport,
        replacing replace: ([UInt8], FilePath) throws(FileError) -> Void = { (bytes, path) throws(FileError) in
            try Files.write(bytes, to: path)
        }
    ) throws {
        let text = try JSONDocument.bytes(of: report)
        do { try replace(Self.padded(text, to: text.count), reportFile) } catch  where error.isDiskFull {
            guard let length = Files.bytes(of: reportFile) else { throw error }
            try Files.overwrite(reportFile, with: Self.padded(text, to: Int(length)))
        }
    }

    /// Pads a text with blank lines to at least a length, rounded up, so that the next report fits in its place.
    private static func padded(_ text: [UInt8], to length: Int) -> [UInt8] {
        let room = (max(text.count, length - 1) / reportRoom + 1) * reportRoom
        return text + [UInt8](repeating: UInt8(ascii: "\n"), count: room - text.count)
    }

    private static let reportRoom = 1 << 16

    /// Becomes the keeper. The lock lasts as long as this process.
    ///
    /// - Throws: `SupervisorError` if another process is the keeper; `FileError`; `CancellationError`.
    func claim() async throws -> FileLock {
        guard let lock = try await FileLock.takeUnlessHeld(lockFile) else { throw SupervisorError.exists(name) }
        try Files.write("\(getpid())\n", to: processFile)
        return lock
    }

    /// The keeper's process ID; nil if no process holds the lock, so that the keeper is not alive.
    ///
    /// - Throws: `FileError` if it cannot be determined whether the keeper is alive; `SupervisorError` if it is, but has not written its
    ///   process ID.
    package var keeper: Int32? {
        get throws {
            // The process ID is written just after the lock is acquired.
            for _ in 0..<Int(Deadline.keeperNumber.seconds / 0.005) {
                guard try FileLock.isHeld(lockFile) else { return nil }
                if let process = writtenProcess { return process }
                usleep(5_000)
            }
            throw SupervisorError.unreadable(name, processFile)
        }
    }

    /// The process ID stored in the directory, if such a process is running; nil for the ID of a keeper that has ended, and for 0 and
    /// negative numbers, which refer to several processes (kill(2)).
    private var writtenProcess: Int32? {
        guard let text = try? Files.readText(processFile), text.hasSuffix("\n"), let process = Int32(text.dropLast()), process > 0,
            ProcessTree.isRunning(process)
        else { return nil }
        return process
    }

    /// Removes the directory with its contents.
    ///
    /// - Throws: `FileError`.
    package func remove() throws(FileError) { try Files.remove(path) }
}
