import FoundationEssentials
import Glibc
import Host
import Model
import SystemPackage

/// The folder of a node that is kept up: its plan, its keeper's report, its logs. Whoever holds the lock in it is the keeper.
package struct NodeFolder: Sendable {
    /// The node's name.
    package let name: String
    /// The folder.
    package let path: FilePath

    /// Names a node's folder below a workspace; nothing is made.
    ///
    /// - Throws: `SupervisorError` when the name is none that a folder may have.
    package init(_ name: String, in workspace: FilePath) throws(SupervisorError) {
        guard name.wholeMatch(of: /[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?/) != nil else { throw .name(name) }
        self.name = name
        path = Self.all(in: workspace).appending(name)
    }

    /// All nodes of a workspace, by name.
    ///
    /// - Throws: `FileError` when nobody can tell which there are.
    package static func list(in workspace: FilePath) throws(FileError) -> [NodeFolder] {
        try Files.list(all(in: workspace)).compactMap { try? NodeFolder($0, in: workspace) }
    }

    private static func all(in workspace: FilePath) -> FilePath { workspace.appending("nodes") }

    /// Where the sandbox's files are while the node is up.
    package var boot: FilePath { path.appending("boot") }
    /// The folder of its logs.
    package var logs: FilePath { path.appending("logs") }
    /// What the keeper itself writes.
    package var keeperLog: FilePath { path.appending("keeper.log") }
    /// The file for kubectl.
    package var kubeconfig: FilePath { path.appending("kubeconfig") }
    private var planFile: FilePath { path.appending("plan.json") }
    private var reportFile: FilePath { path.appending("report.json") }
    private var lockFile: FilePath { path.appending(".alive") }
    private var processFile: FilePath { path.appending("keeper.pid") }

    /// Whether the node is known.
    package var exists: Bool { Files.exists(planFile) }

    /// Makes the folder with a plan in it.
    ///
    /// - Throws: `SupervisorError` when there is such a node; `FileError`.
    package func create(_ plan: NodePlan) throws {
        try Files.makeDirectory(path.removingLastComponent())
        // The system makes a directory only once: of two that want the name at the same time, one gets it.
        // Logs tell what runs in a node, and the kubeconfig lets anybody run more: it is all its owner's alone.
        guard mkdir(path.string, 0o700) == 0 else {
            guard errno == EEXIST else { throw Files.error("make", path, errno) }
            throw SupervisorError.exists(name)
        }
        do {
            try Files.makeDirectory(logs)
            try Files.write(try JSONDocument.bytes(of: plan), to: planFile)
        } catch {
            // Else the name would be taken by a node that nobody lists. The first fault is the one to tell.
            try? Files.remove(path)
            throw error
        }
    }

    /// The plan.
    ///
    /// - Throws: `SupervisorError` when there is no such node, or its plan cannot be read.
    package func plan() throws(SupervisorError) -> NodePlan {
        guard exists else { throw .unknown(name) }
        guard let bytes = try? Files.read(planFile), let plan = try? JSONDecoder().decode(NodePlan.self, from: Data(bytes)) else {
            // Somebody may have removed the node since.
            throw exists ? .unreadable(name, planFile) : .unknown(name)
        }
        return plan
    }

    /// The keeper's last report; nil before the first.
    ///
    /// - Throws: `SupervisorError` for one that cannot be read, or `FileError`: a node that nobody can tell of is not one that starts.
    package func report() throws -> NodeReport? {
        for _ in 0..<20 {
            guard Files.exists(reportFile) else { return nil }
            do { return try JSONDecoder().decode(NodeReport.self, from: Data(try Files.read(reportFile))) } catch {
                // On a full disk its keeper writes a report over the last one, and for a moment it is neither.
                guard try FileLock.isHeld(lockFile) else { break }
                usleep(5_000)
            }
        }
        throw SupervisorError.unreadable(name, reportFile)
    }

    /// A report has to be told on a full disk too: then it takes the last one's place, and fills all of it, so that nothing of that one is left.
    ///
    /// - Parameter replace: writes a file anew; another one for tests, which have no disk to fill.
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

    /// With blank lines behind it up to a length, and to a round one: the next report has room where this one is.
    private static func padded(_ text: [UInt8], to length: Int) -> [UInt8] {
        let room = (max(text.count, length - 1) / reportRoom + 1) * reportRoom
        return text + [UInt8](repeating: UInt8(ascii: "\n"), count: room - text.count)
    }

    private static let reportRoom = 1 << 16

    /// Becomes the keeper: the lock lasts as long as this process.
    ///
    /// - Throws: `SupervisorError` when another process is the keeper; `FileError`; `CancellationError`.
    func claim() async throws -> FileLock {
        guard let lock = try await FileLock.takeUnlessHeld(lockFile) else { throw SupervisorError.exists(name) }
        try Files.write("\(getpid())\n", to: processFile)
        return lock
    }

    /// The keeper's process; nil when it is not alive: then nobody has the lock.
    ///
    /// - Throws: `FileError` when nobody can tell whether it is alive; `SupervisorError` when it is, and does not say which process it is.
    package var keeper: Int32? {
        get throws {
            // The number is written just after the lock is taken.
            for _ in 0..<Int(Deadline.keeperNumber.seconds / 0.005) {
                guard try FileLock.isHeld(lockFile) else { return nil }
                if let process = writtenProcess { return process }
                usleep(5_000)
            }
            throw SupervisorError.unreadable(name, processFile)
        }
    }

    /// The process whose number stands in the folder, if there is such a process: a former keeper's number is no keeper's, and 0 and what lies below
    /// it are no process's, but many processes' (kill(2)).
    private var writtenProcess: Int32? {
        guard let text = try? Files.readText(processFile), text.hasSuffix("\n"), let process = Int32(text.dropLast()), process > 0,
            ProcessTree.isRunning(process)
        else { return nil }
        return process
    }

    /// Removes the folder with all in it.
    ///
    /// - Throws: `FileError`.
    package func remove() throws(FileError) { try Files.remove(path) }
}
