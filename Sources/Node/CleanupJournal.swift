import FileSystem
import Glibc
import Host
import Model
import SystemPackage

/// The directories, links and cgroups that a node without a sandbox would leave behind, and how to remove them. Nothing that existed
/// before is removed.
///
/// The list is written to a file before anything is created, so that the next boot can clean up after a killed one.
final class CleanupJournal {
    /// One created object, by its path.
    private enum Trace {
        case directory(String)
        case link(String)
        case group(String)
    }

    private let journal: FilePath
    private let lock: FileLock
    private let deadlines: Deadlines
    private var traces: [Trace] = []
    private var scratches: [Scratch] = []

    /// Takes the lock, so that only one boot runs here, and removes what a killed boot left.
    ///
    /// - Parameters:
    ///   - directory: the directory that contains the list.
    ///   - deadlines: how long the kernel may take.
    /// - Throws: `InPlaceError` if another boot is running here; `FileError`.
    init(below directory: String, within deadlines: Deadlines) async throws {
        self.deadlines = deadlines
        let parent = FilePath(directory).appending(Self.folder)
        let above = Self.missing(parent)
        try Files.makeDirectory(parent)
        guard let lock = try FileLock.tryTake(parent.appending(".here")) else {
            throw InPlaceError(
                description: "another ninepin is booting a node in this environment\n    Wait until it ends, or see \(parent).")
        }
        self.lock = lock
        journal = parent.appending(".made")
        for trace in Files.exists(journal) ? Self.read(try Files.readText(journal)) : [] {
            // Directories are still in use, including the one that contains this list. They are removed when this boot ends.
            if case .directory = trace { traces.insert(trace, at: 0) } else { await Self.undo(trace, within: deadlines) }
        }
        traces += above.map(Trace.directory)
        try write()
    }

    /// Creates a directory and its missing parents.
    func directory(_ path: FilePath) throws {
        traces += Self.missing(path).map(Trace.directory)
        try write()
        try Files.makeDirectory(path)
    }

    /// Creates a new folder for this boot on the file system of a directory.
    func folder(below directory: String) async throws -> FilePath {
        let parent = FilePath(directory).appending(Self.folder)
        try self.directory(parent)
        let scratch = try await Scratch(in: parent)
        scratches.append(scratch)
        let folder = scratch.path.appending("node")
        try Files.makeDirectory(folder)
        return folder
    }

    /// Creates a link unless the path exists.
    func link(_ path: FilePath, to target: String) throws {
        guard !Files.exists(path) else { return }
        traces.append(.link(path.string))
        try write()
        try Files.link(path, to: target)
    }

    /// Records the cgroups that kubelet will create: `kubepods` in each hierarchy.
    ///
    /// - Throws: `InPlaceError` if a pod of another kubelet is running; `FileError`.
    func cgroups() throws {
        for line in try Files.readText("/proc/self/mounts").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 2, words[2] == "cgroup" || words[2] == "cgroup2" else { continue }
            let group = "\(words[1])/kubepods"
            if !Files.exists(FilePath(group)) {
                traces.append(.group(group))
            } else if Self.hasProcess(group) {
                throw InPlaceError(description: "pods of another kubelet run in this environment (\(group))\n    Stop that node first.")
            }
        }
        try write()
    }

    /// Undoes everything in reverse order.
    func remove() async {
        for scratch in scratches { scratch.remove() }
        for trace in traces.reversed() {
            // The list is in this folder and is removed with it.
            if case .directory(let path) = trace, path.hasSuffix(Self.folder) { Self.empty(FilePath(path)) }
            await Self.undo(trace, within: deadlines)
        }
        // If the folder existed before, the list still has to be removed.
        unlink(journal.string)
        lock.release()
    }

    private static let folder = ".ninepin"

    private func write() throws { try Files.write(traces.map(Self.line).joined(), to: journal) }

    private static func line(_ trace: Trace) -> String {
        switch trace {
        case .directory(let path): "directory \(path)\n"
        case .link(let path): "link \(path)\n"
        case .group(let path): "group \(path)\n"
        }
    }

    private static func read(_ text: String) -> [Trace] {
        text.split(separator: "\n").reversed().compactMap { line in
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2 else { return nil }
            return switch words[0] {
            case "directory": Trace.directory(words[1])
            case "link": .link(words[1])
            case "group": .group(words[1])
            default: nil
            }
        }
    }

    /// The missing directories of a path, the outermost first.
    private static func missing(_ path: FilePath) -> [String] {
        var (missing, folder): ([String], FilePath) = ([], path)
        while !Files.exists(folder) {
            missing.insert(folder.string, at: 0)
            guard folder.removeLastComponent() else { break }
        }
        return missing
    }
}

extension CleanupJournal {
    private static func undo(_ trace: Trace, within deadlines: Deadlines) async {
        switch trace {
        // Only if it is empty: something else may use it by now.
        case .directory(let path): rmdir(path)
        case .link(let path): if Files.linkTarget(FilePath(path)) != nil { unlink(path) }
        case .group(let path):
            // A killed process leaves its cgroup soon, but not immediately.
            for _ in 0..<Int(deadlines[.cgroupEnd] / 0.05) where !removed(path) { try? await Task.sleep(for: .milliseconds(50)) }
        }
    }

    /// Removes the files that every boot creates in a folder.
    private static func empty(_ folder: FilePath) {
        for name in [".gate", ".here", ".made"] { unlink(folder.appending(name).string) }
    }

    private static func groups(below group: String) -> [String] {
        Files.names(in: FilePath(group)).map { "\(group)/\($0)" }.filter { Files.isDirectory(FilePath($0)) }
    }

    private static func hasProcess(_ group: String) -> Bool {
        let own = (try? Files.read(FilePath("\(group)/cgroup.procs"))) ?? []
        return !own.isEmpty || groups(below: group).contains(where: hasProcess)
    }

    /// Removes a cgroup and its children; true if it is gone.
    private static func removed(_ group: String) -> Bool {
        guard Files.exists(FilePath(group)) else { return true }
        for inner in groups(below: group) where !removed(inner) { return false }
        return rmdir(group) == 0
    }
}
