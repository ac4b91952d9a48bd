import Glibc
import Synchronization
import SystemPackage

/// A log that is written to disk as it grows, so that it survives an interrupted run.
package final class LineFile: Sendable {
    /// The maximum size of a log and what happens when it is reached.
    package enum Limit: Hashable, Sendable {
        /// A log of limited duration. If it is too long, its beginning and end are kept in one file of at most this size, with a note about
        /// the omitted part between them. A write error is a fault: ``LineFile/fault``.
        case ends(bytes: Int)
        /// A log that grows for months. At this size the file is renamed to `NAME.1`, which replaces the previous one, and a new file is
        /// started. Lines that cannot be written are dropped.
        case turns(bytes: Int)

        /// The limit for a run's log. A node that writes at full speed reaches it in a minute; a healthy one writes a megabyte.
        package static let run = Limit.ends(bytes: 1 << 30)
        /// The limit for the log of something that is kept for long.
        package static let kept = Limit.turns(bytes: 64 << 20)
    }

    private struct State {
        var file: FileDescriptor
        var bytes = 0
        var fault: FileError?
        var tail: Tail?
        var isFinished = false
    }

    /// The log's file.
    package let path: FilePath
    private let limit: Limit
    private let state: Mutex<State>

    /// Creates an empty file.
    ///
    /// - Throws: `FileError`.
    package init(_ path: FilePath, limit: Limit) throws(FileError) {
        (self.path, self.limit) = (path, limit)
        state = Mutex(State(file: try Files.create(path)))
    }

    /// Writes the next piece of the last line. In the end of an overlong log it becomes a line of its own.
    ///
    /// - Parameter overlap: how many bytes at the beginning were already written.
    package func append(more piece: [UInt8], overlap: Int) {
        let rest = Array(piece.dropFirst(overlap))
        let isAppended = state.withLock { state in
            let room = limit.isEnding ? Tail.headBytes(of: limit.bytes) : limit.bytes
            guard state.tail == nil, !state.isFinished, state.fault == nil, state.bytes > 0, state.bytes + rest.count <= room else {
                return false
            }
            do {
                // Overwrite the line break that ended the previous piece.
                _ = try state.file.seek(offset: -1, from: .current)
                try Self.write(rest + [UInt8(ascii: "\n")], to: state.file, path)
                state.bytes += rest.count
            } catch  where limit.isEnding {
                state.fault = error as? FileError ?? Files.error("write", path, ((error as? Errno) ?? .ioError).rawValue)
            } catch {}
            return true
        }
        if !isAppended { append(rest) }
    }

    /// Writes a line. A write error does not end the run, because the verdict does not depend on the file. Callers that need the file check
    /// its ``fault``.
    package func append(_ line: [UInt8]) {
        state.withLock { state in
            switch limit {
            case .turns(let most):
                if state.bytes > 0, state.bytes + line.count >= most { turn(&state) }
                _ = try? state.file.writeAll(line + [UInt8(ascii: "\n")])
                state.bytes += line.count + 1
            case .ends(let most):
                guard state.fault == nil, !state.isFinished else { return }
                do throws(FileError) { try append(line, most, &state) } catch { state.fault = error }
            }
        }
    }

    /// The first write error of a log of limited duration; nil if the log is complete.
    package var fault: FileError? { state.withLock(\.fault) }

    /// Moves the end of an overlong log into its file; nothing more can be written. If the process is killed before this call, the end
    /// remains in `NAME.tail` and `NAME.tail.1`.
    ///
    /// - Returns: the first write error; nil if the log is complete.
    @discardableResult
    package func finish() -> FileError? {
        state.withLock { state in
            guard !state.isFinished else { return state.fault }
            state.isFinished = true
            guard let tail = state.tail else { return state.fault }
            do throws(FileError) {
                try tail.move(into: state.file, of: path, limit: limit.bytes)
            } catch { state.fault = state.fault ?? error }
            return state.fault
        }
    }

    private func append(_ line: [UInt8], _ most: Int, _ state: inout State) throws(FileError) {
        if state.tail == nil, state.bytes + line.count + 1 > Tail.headBytes(of: most) { state.tail = try Tail(beside: path, limit: most) }
        if state.tail != nil {
            try state.tail?.append(line)
        } else {
            try Self.write(line + [UInt8(ascii: "\n")], to: state.file, path)
            state.bytes += line.count + 1
        }
    }

    fileprivate static func write(_ bytes: [UInt8], to file: FileDescriptor, _ path: FilePath) throws(FileError) {
        do { _ = try file.writeAll(bytes) } catch { throw Files.error("write", path, ((error as? Errno) ?? .ioError).rawValue) }
    }

    /// Rotates the file. Readers of the old file keep it. If no new file can be created, the old one stays in use.
    private func turn(_ state: inout State) {
        state.bytes = 0
        guard rename(path.string, "\(path).1") == 0, let file = try? Files.create(path) else { return }
        try? state.file.close()
        state.file = file
    }

    deinit {
        finish()
        state.withLock { try? $0.file.close() }
    }
}

extension LineFile.Limit {
    fileprivate var isEnding: Bool {
        switch self {
        case .ends: true
        case .turns: false
        }
    }

    /// The maximum number of bytes in one file.
    fileprivate var bytes: Int {
        switch self {
        case .ends(let bytes), .turns(let bytes): bytes
        }
    }
}

/// The last lines of an overlong log, in two files next to it; when the newer one is full, it replaces the older one. The lines are on
/// disk, so memory use is bounded and a killed process leaves them behind.
private struct Tail {
    private let path: FilePath
    /// The maximum number of bytes in each file.
    private let most: Int
    private var file: FileDescriptor
    private var bytes = 0
    private var lines = 0
    /// The contents of the older file.
    private var before: (bytes: Int, lines: Int)?
    private var left = (bytes: 0, lines: 0)

    /// Bytes reserved for the note.
    private static let noteBytes = 160

    /// The size of both files: 128 MiB for a limit of 1 GiB.
    private static func tailBytes(of limit: Int) -> Int { limit / 8 }
    /// The size of the beginning.
    static func headBytes(of limit: Int) -> Int { limit - tailBytes(of: limit) - noteBytes }

    init(beside path: FilePath, limit: Int) throws(FileError) {
        self.path = FilePath("\(path).tail")
        most = Self.tailBytes(of: limit) / 2
        file = try Files.create(self.path)
    }

    private var older: FilePath { FilePath("\(path).1") }

    mutating func append(_ line: [UInt8]) throws(FileError) {
        if bytes + line.count + 1 > most { try turn() }
        // The line is longer than a whole file.
        guard line.count + 1 <= most else {
            left = (left.bytes + line.count + 1, left.lines + 1)
            return
        }
        try LineFile.write(line + [UInt8(ascii: "\n")], to: file, path)
        (bytes, lines) = (bytes + line.count + 1, lines + 1)
    }

    private mutating func turn() throws(FileError) {
        guard bytes > 0 else { return }
        if let before { left = (left.bytes + before.bytes, left.lines + before.lines) }
        try Files.rename(path, to: older)
        before = (bytes, lines)
        try? file.close()
        (bytes, lines) = (0, 0)
        file = try Files.create(path)
    }

    /// Writes the note and the last lines after the beginning, and removes the two files.
    func move(into log: FileDescriptor, of name: FilePath, limit: Int) throws(FileError) {
        try? file.close()
        if left.lines > 0 {
            let note = "[ninepin: \(left.lines) lines with \(left.bytes) bytes omitted here: the log exceeds \(limit) bytes]\n"
            try LineFile.write(Array(note.utf8), to: log, name)
        }
        for part in before == nil ? [path] : [older, path] {
            var failure: FileError?
            try Files.eachPiece(of: part) { piece in
                guard failure == nil else { return }
                do throws(FileError) { try LineFile.write(Array(piece), to: log, name) } catch { failure = error }
            }
            if let failure { throw failure }
        }
        for part in [older, path] { try Files.remove(part) }
    }
}
