import Glibc
import Synchronization
import SystemPackage

/// A log that grows on the disk, so that a run that is cut off still has it.
public final class LineFile: Sendable {
    /// The limit, in bytes, for the log of something that is kept for long.
    public static let keptLimit = 64 << 20

    private struct State {
        var file: FileDescriptor
        var bytes = 0
    }

    private let path: FilePath
    private let limit: Int?
    private let state: Mutex<State>

    /// Makes an empty file.
    ///
    /// - Parameter limit: bytes after which the file is set aside, as `NAME.1` in the place of the one before, and a new one begun; nil when it
    ///   may grow without end.
    /// - Throws: `FileError`.
    public init(_ path: FilePath, limit: Int? = nil) throws(FileError) {
        (self.path, self.limit) = (path, limit)
        state = Mutex(State(file: try Files.create(path)))
    }

    /// Writes more of the last line.
    ///
    /// - Parameter overlap: how many bytes at the beginning were written already.
    public func append(more piece: [UInt8], overlap: Int) {
        let rest = piece.dropFirst(overlap)
        state.withLock { state in
            // In the place of the line break that ended the piece before.
            _ = try? state.file.seek(offset: -1, from: .current)
            _ = try? state.file.writeAll(rest + [UInt8(ascii: "\n")])
            state.bytes += rest.count
        }
    }

    /// Writes a line. A log that cannot be written must not end a boot: the verdict does not come from the file.
    public func append(_ line: [UInt8]) {
        state.withLock { state in
            if let limit, state.bytes > 0, state.bytes + line.count >= limit { turn(&state) }
            _ = try? state.file.writeAll(line + [UInt8(ascii: "\n")])
            state.bytes += line.count + 1
        }
    }

    /// What is set aside keeps its readers; where no new file can be made, the old one goes on.
    private func turn(_ state: inout State) {
        state.bytes = 0
        guard rename(path.string, "\(path).1") == 0, let file = try? Files.create(path) else { return }
        try? state.file.close()
        state.file = file
    }

    deinit { state.withLock { try? $0.file.close() } }
}
