import FoundationEssentials
import Glibc
import Host
import Model
import SystemPackage

/// The folder of a node that is kept up: its plan, its keeper's report, its logs. Whoever holds the lock in it is the keeper.
public struct NodeFolder: Sendable {
    /// The node's name.
    public let name: String
    /// The folder.
    public let path: FilePath

    /// Names a node's folder below a workspace; nothing is made.
    ///
    /// - Throws: `KeepingError` when the name is none that a folder may have.
    public init(_ name: String, in workspace: FilePath) throws(KeepingError) {
        guard name.wholeMatch(of: /[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?/) != nil else { throw .name(name) }
        self.name = name
        path = Self.all(in: workspace).appending(name)
    }

    /// All nodes of a workspace, by name.
    public static func list(in workspace: FilePath) -> [NodeFolder] {
        Files.names(in: all(in: workspace)).compactMap { try? NodeFolder($0, in: workspace) }
    }

    private static func all(in workspace: FilePath) -> FilePath { workspace.appending("nodes") }

    /// Where the sandbox's files are while the node is up.
    public var boot: FilePath { path.appending("boot") }
    /// The folder of its logs.
    public var logs: FilePath { path.appending("logs") }
    /// What the keeper itself writes.
    public var keeperLog: FilePath { path.appending("keeper.log") }
    /// The file for kubectl.
    public var kubeconfig: FilePath { path.appending("kubeconfig") }
    private var planFile: FilePath { path.appending("plan.json") }
    private var reportFile: FilePath { path.appending("report.json") }
    private var lockFile: FilePath { path.appending(".alive") }
    private var processFile: FilePath { path.appending("keeper.pid") }

    /// Whether the node is known.
    public var exists: Bool { Files.exists(planFile) }

    /// Makes the folder with a plan in it.
    ///
    /// - Throws: `KeepingError` when there is such a node; `FileError`.
    public func create(_ plan: NodePlan) throws {
        try Files.makeDirectory(path.removingLastComponent())
        // The system makes a directory only once: of two that want the name at the same time, one gets it.
        guard mkdir(path.string, 0o755) == 0 else {
            guard errno == EEXIST else { throw Files.error("make", path, errno) }
            throw KeepingError.exists(name)
        }
        try Files.makeDirectory(logs)
        try Files.write(try Self.json(plan), to: planFile)
    }

    /// The plan.
    ///
    /// - Throws: `KeepingError` when there is no such node, or its plan cannot be read.
    public func plan() throws(KeepingError) -> NodePlan {
        guard let bytes = try? Files.read(planFile) else { throw .unknown(name) }
        guard let plan = try? JSONDecoder().decode(NodePlan.self, from: Data(bytes)) else { throw .unreadable(name, planFile) }
        return plan
    }

    /// The keeper's last report; nil before the first.
    public func report() -> NodeReport? {
        (try? Files.read(reportFile)).flatMap { try? JSONDecoder().decode(NodeReport.self, from: Data($0)) }
    }

    /// A report has to be told on a full disk too: each has the same length, so that a new one can take an old one's place.
    func write(_ report: NodeReport) throws {
        let text = try Self.json(report)
        let room = (text.count / Self.reportRoom + 1) * Self.reportRoom
        let padded = text + [UInt8](repeating: UInt8(ascii: "\n"), count: room - text.count)
        do { try Files.write(padded, to: reportFile) } catch  where error.isDiskFull {
            try Files.overwrite(reportFile, with: padded)
        }
    }

    private static let reportRoom = 1 << 16

    /// Becomes the keeper: the lock lasts as long as this process.
    func claim() throws -> FileLock {
        guard let lock = try FileLock.tryTake(lockFile) else { throw KeepingError.exists(name) }
        try Files.write("\(getpid())\n", to: processFile)
        return lock
    }

    /// The keeper's process; nil when it is not alive.
    public var keeper: Int32? {
        guard Files.exists(lockFile), let free = try? FileLock.tryTake(lockFile) else {
            return (try? Files.read(processFile)).flatMap { Int32(String(decoding: $0, as: UTF8.self).filter(\.isNumber)) }
        }
        free.release()
        return nil
    }

    /// Removes the folder with all in it.
    ///
    /// - Throws: `FileError`.
    public func remove() throws(FileError) { try Files.remove(path) }

    private static func json(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }
}
