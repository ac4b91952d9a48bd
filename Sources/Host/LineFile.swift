import Glibc
import Synchronization
import SystemPackage

/// A log that grows on the disk, so that a run that is cut off still has it.
package final class LineFile: Sendable {
    /// How long a log may grow, and what becomes of it then.
    package enum Limit: Hashable, Sendable {
        /// It has an end: of a longer one the beginning and the end are kept, in one file of at most so many bytes, with a note between them of what
        /// was left out. A file that cannot be written is a fault: ``LineFile/fault``.
        case ends(bytes: Int)
        /// It goes on for months: after so many bytes the file is set aside, as `NAME.1` in the place of the one before, and a new one begun. What
        /// cannot be written is left out.
        case turns(bytes: Int)

        /// That of a run's log. A node that writes as fast as it can writes so much in a minute; a healthy one a megabyte.
        package static let run = Limit.ends(bytes: 1 << 30)
        /// That of the log of something that is kept for long.
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

    /// Makes an empty file.
    ///
    /// - Throws: `FileError`.
    package init(_ path: FilePath, limit: Limit) throws(FileError) {
        (self.path, self.limit) = (path, limit)
        state = Mutex(State(file: try Files.create(path)))
    }

    /// Writes more of the last line. In the end of a log that is too long it is a line of its own.
    ///
    /// - Parameter overlap: how many bytes at the beginning were written already.
    package func append(more piece: [UInt8], overlap: Int) {
        let rest = Array(piece.dropFirst(overlap))
        let isAppended = state.withLock { state in
            let room = limit.isEnding ? Tail.headBytes(of: limit.bytes) : limit.bytes
            guard state.tail == nil, !state.isFinished, state.fault == nil, state.bytes > 0, state.bytes + rest.count <= room else {
                return false
            }
            do {
                // In the place of the line break that ended the piece before.
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

    /// Writes a line. What cannot be written ends nothing here: the verdict does not come from the file, and whoever needs the file asks for
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

    /// The first thing that could not be written, of a log that ends; nil while all of it was. The log is not whole then.
    package var fault: FileError? { state.withLock(\.fault) }

    /// Puts the end of a log that was too long into its file; nothing is written any more. What was not called on in a process that was killed
    /// leaves the end beside the file, in `NAME.tail` and `NAME.tail.1`.
    ///
    /// - Returns: the first thing that could not be written; nil when the log is whole.
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

    /// What is set aside keeps its readers; where no new file can be made, the old one goes on.
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

    /// Bytes of one file.
    fileprivate var bytes: Int {
        switch self {
        case .ends(let bytes), .turns(let bytes): bytes
        }
    }
}

/// The last lines of a log that is too long: two files beside it, the older of which makes way when the newer one is full. So the memory that it
/// takes has a limit, and a process that is killed leaves it behind.
private struct Tail {
    private let path: FilePath
    /// Bytes of each of the two.
    private let most: Int
    private var file: FileDescriptor
    private var bytes = 0
    private var lines = 0
    /// The older one.
    private var before: (bytes: Int, lines: Int)?
    private var left = (bytes: 0, lines: 0)

    /// Room for the note.
    private static let noteBytes = 160

    /// Bytes of both files: 128 MiB of a gibibyte.
    private static func tailBytes(of limit: Int) -> Int { limit / 8 }
    /// Bytes of the beginning.
    static func headBytes(of limit: Int) -> Int { limit - tailBytes(of: limit) - noteBytes }

    init(beside path: FilePath, limit: Int) throws(FileError) {
        self.path = FilePath("\(path).tail")
        most = Self.tailBytes(of: limit) / 2
        file = try Files.create(self.path)
    }

    private var older: FilePath { FilePath("\(path).1") }

    mutating func append(_ line: [UInt8]) throws(FileError) {
        if bytes + line.count + 1 > most { try turn() }
        // A line that is longer than all the room there is.
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

    /// Writes the note and the last lines behind the beginning, and removes the two files.
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
