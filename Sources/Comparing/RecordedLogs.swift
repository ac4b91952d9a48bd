import FileSystem
import Model
import Paths
import SystemPackage

import struct Crypto.SHA256

/// The logs of a recorded run, which are read when they are compared.
package struct RecordedLogs: Sendable {
    /// The run's folder.
    let folder: FilePath
    /// The digests of the logs when they were recorded, by name in the folder; a nil digest is unknown.
    let digests: [String: Digest?]
    private let evidence: [Evidence]

    package init(of run: Run, in folder: FilePath, digests: [String: Digest?]) {
        self.folder = folder
        self.digests = digests
        evidence = run.verdict.evidence.filter { $0.kind == .log }
    }

    /// A log that was read.
    struct Reading {
        /// nil if it could not be read.
        let messages: LogMessages?
        let notes: [String]
    }

    /// Reads a log in bounded memory. Nothing outside of the run's folder is read.
    ///
    /// - Throws: `CancellationError`; everything else is a note.
    func read(_ name: String, of run: String) throws -> Reading {
        guard let recorded = digests[name] else { return Reading(messages: nil, notes: ["\(run) has no \(name)"]) }
        func failure(_ reason: String) -> Reading { Reading(messages: nil, notes: ["\(name) of \(run) \(reason)"]) }
        let path: FilePath
        do { path = folder.appending(try ContainedPath(Array(name.utf8))) } catch { return failure("is not compared: it \(error)") }
        guard Files.exists(path) else { return failure("was removed") }
        let lines = Set(evidence.filter { "\($0.source).log" == name || $0.source == name }.compactMap(\.line))
        var messages = LogMessages(evidence: lines)
        var hash = SHA256()
        do {
            guard try Files.realPath(path) == Files.realPath(folder).appending(name) else {
                return failure("is not compared: it is a link")
            }
            try Files.eachPiece(of: path) { piece throws(FileError) in
                hash.update(bufferPointer: piece)
                messages.take(piece)
            }
        } catch {
            try Task.checkCancellation()
            return failure("cannot be read: \(error)")
        }
        messages.finish()
        var notes: [String] = []
        if let recorded, Digest(bytes: hash.finalize()) != recorded {
            notes.append("\(name) of \(run) is not what was recorded: it was changed")
        }
        if messages.isCut {
            notes.append(
                "\(name) of \(run) is compared in part: its first \(LogMessages.mostBytes >> 20) MiB, up to \(LogMessages.most) different messages"
            )
        }
        return Reading(messages: messages, notes: notes)
    }
}

/// Which logs are compared, and how much of the result is kept.
package struct LogComparison: Sendable {
    /// The logs' names, with or without `.log`; nil for all.
    private let names: [String]?
    private let limit: Int?
    private let isCounted: Bool

    /// - Parameters:
    ///   - names: the logs' names, with or without `.log`; nil for all.
    ///   - limit: the largest number of lines of each log; nil for all.
    ///   - isCounted: whether frequencies are compared too.
    package init(names: [String]? = nil, limit: Int?, isCounted: Bool = false) {
        (self.names, self.limit, self.isCounted) = (names, limit, isCounted)
    }

    /// The names that neither run has.
    package func unknown(_ before: RecordedLogs, _ after: RecordedLogs) -> [String] {
        let known = Set(before.digests.keys).union(after.digests.keys)
        return (names ?? []).filter { !known.contains($0) && !known.contains("\($0).log") }
    }

    /// Compares the logs of two runs.
    ///
    /// - Throws: `CancellationError`.
    package func differences(_ before: RecordedLogs, _ after: RecordedLogs) throws -> [LogDifference] {
        let all = Set(before.digests.keys).union(after.digests.keys).sorted()
        return try all.filter { name in names.map { $0.contains(name) || $0.contains { "\($0).log" == name } } ?? true }.map { name in
            let (old, new) = (try before.read(name, of: "the first run"), try after.read(name, of: "the second run"))
            let notes = old.notes + new.notes
            guard let oldMessages = old.messages, let newMessages = new.messages else { return LogDifference(name: name, notes: notes) }
            return LogDifference(
                name: name, before: oldMessages, after: newMessages, limit: limit, isCounted: isCounted, notes: notes)
        }
    }
}
