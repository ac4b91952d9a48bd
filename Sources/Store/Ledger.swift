import FileSystem
import FoundationEssentials
import Host
import Model
import Paths
import SystemPackage

/// The recorded runs of a workspace: one folder each, with `run.json` and the complete logs. A folder with a run's name is always complete.
package struct Ledger: Sendable {
    private let folder: FilePath

    /// Uses a workspace's `runs` folder.
    package init(_ folder: FilePath) { self.folder = folder }

    /// A new run's name: the UTC time plus a random suffix, which distinguishes runs within one second.
    package static func newName(at time: Date = .now) -> String {
        let stamp = time.formatted(
            .iso8601.year().month().day().dateSeparator(.omitted).time(includingFractionalSeconds: false).timeSeparator(.omitted))
        return "\(stamp.filter { $0 != "Z" })-\(String(UInt32.random(in: 0...UInt32.max), radix: 16))"
    }

    /// Records a run: `run.json`, with the lock and the verdict next to it, and the logs, all moved in with one rename.
    ///
    /// - Parameter logs: a folder on the same file system, which becomes the run's folder.
    /// - Returns: the run's folder.
    /// - Throws: `FileError`.
    package func record(_ run: Run, logs: FilePath) throws -> FilePath {
        let place = try place(of: run.id)
        try Files.makeDirectory(folder)
        try Files.makeDirectory(logs)
        try Files.write(try JSONDocument.bytes(of: run), to: logs.appending("run.json"))
        if let lock = run.lock { try Files.write(try JSONDocument.bytes(of: lock), to: logs.appending("lock.json")) }
        try Files.write(try JSONDocument.bytes(of: run.verdict), to: logs.appending("verdict.json"))
        try Files.rename(logs, to: place)
        return place
    }

    /// Records a document that is not a run, such as a table, with its logs.
    ///
    /// - Parameters:
    ///   - file: the document's file name in the new folder.
    ///   - logs: a folder on the same file system. It becomes the new folder.
    /// - Returns: the folder.
    /// - Throws: `FileError`; `EncodingError`.
    package func record(_ document: some Encodable, as file: FilePath.Component, logs: FilePath) throws -> FilePath {
        try Files.makeDirectory(folder)
        try Files.makeDirectory(logs)
        try Files.write(try JSONDocument.bytes(of: document), to: logs.appending(file))
        let place = folder.appending(Self.newName())
        try Files.rename(logs, to: place)
        return place
    }

    /// Sets a recorded run aside because its verdict is not trusted.
    ///
    /// - Returns: the run as it is now recorded.
    /// - Throws: `FileError`.
    package func setAside(_ run: Run, because reason: String) throws -> Run {
        var run = run
        run.setAside = reason
        try Files.write(try JSONDocument.bytes(of: run), to: try place(of: run.id).appending("run.json"))
        return run
    }

    /// The newest conclusive verdict of earlier boots of the same kind, by the key of their step `verify`. Runs that were set aside do not
    /// count.
    ///
    /// - Throws: `FileError` if the folder of runs cannot be read.
    package func history() throws(FileError) -> [Digest: Verdict] {
        var history: [Digest: Verdict] = [:]
        for run in try runs() where run.verdict.grade != .inconclusive {
            guard let step = run.steps.last(where: { $0.name == "verify" }) else { continue }
            history[step.key] = run.verdict
        }
        return history
    }

    /// Reads a recorded run.
    ///
    /// - Throws: `FileError`; `DecodingError` if the record is from another version of Ninepin, or contains another run's ID.
    package func run(_ id: String) throws -> Run {
        let run = try JSONDecoder().decode(Run.self, from: Data(try Files.read(try place(of: id).appending("run.json"))))
        guard run.id == id else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "the record of \(id) claims to be \(run.id)"))
        }
        return run
    }

    /// The folder of a run.
    ///
    /// - Throws: `FileError` for a name that ``newName(at:)`` cannot produce, because it might lead out of the runs folder.
    private func place(of id: String) throws(FileError) -> FilePath {
        guard id.wholeMatch(of: /[0-9A-Za-z][0-9A-Za-z.-]*/) != nil else {
            throw Files.refusal("find the run", folder, "\(ContainedPath.quoted(id.utf8)) is not a valid run name")
        }
        do throws(PathFault) { return folder.appending(try ContainedPath(name: Array(id.utf8))) } catch {
            throw Files.refusal("find the run", folder, "\(ContainedPath.quoted(id.utf8)) \(error)")
        }
    }

    /// The recorded runs of a binary, oldest first, without those set aside. Unreadable records are skipped.
    package func runs(of digest: Digest) throws(FileError) -> [Run] { try runs().filter { $0.artifact.digest == digest } }

    /// All recorded runs, oldest first, without those set aside. Unreadable records are skipped.
    package func runs() throws(FileError) -> [Run] {
        try Files.list(folder).compactMap { try? run($0) }.filter { $0.setAside == nil }
    }

    /// The newest conclusive run of a recipe's stock node, if it was clean: then the recipe's patches may no longer be needed.
    package func cleanStockRun(of recipe: String) throws(FileError) -> Run? {
        // A run's name begins with its time.
        for id in try Files.list(folder).reversed() {
            guard let run = try? run(id), run.setAside == nil, run.recipe == recipe, run.series.isEmpty, run.verdict.grade != .inconclusive
            else { continue }
            return run.verdict.grade == .clean ? run : nil
        }
        return nil
    }
}
