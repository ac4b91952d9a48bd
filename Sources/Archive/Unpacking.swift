import Glibc
import Paths
import SystemPackage

/// Unpacks one archive into a folder.
struct Unpacking {
    let archive: FilePath
    let folder: FilePath
    let limits: Limits
    let strip: Strip
    let reader: ArchiveReader
    let writer: FolderWriter
    let progress: (Unpacked) throws -> Void
    private var done = Unpacked()
    private var entries = 0
    private var links = LinkTable()
    /// The bytes and entries at the last progress report and disk check.
    private var told: (bytes: Int64, entries: Int) = (0, 0)

    init(
        archive: FilePath, folder: FilePath, limits: Limits, strip: Strip, reader: ArchiveReader, writer: FolderWriter,
        progress: @escaping (Unpacked) throws -> Void
    ) {
        self.archive = archive
        self.folder = folder
        self.limits = limits
        self.strip = strip
        self.reader = reader
        self.writer = writer
        self.progress = progress
    }

    /// Unpacks every entry.
    ///
    /// - Throws: `ArchiveError`, and errors from `progress`.
    mutating func run() throws -> Unpacked {
        while let head = try reader.next() {
            try blaming(head.name) { (self: inout Self) in try self.take(head) }
        }
        try blaming([]) { (self: inout Self) in try self.finish() }
        try progress(done)
        return done
    }

    private mutating func take(_ head: EntryHead) throws {
        entries += 1
        guard entries <= limits.entries else { throw Fault.tooMuch("contains more than \(limits.entries) entries") }
        try checkSize(head)
        try tellNowAndThen()
        guard let path = try place(of: ContainedPath(archived: head.name), head.kind) else { return }
        switch head.kind {
        case .directory: try writer.makeDirectory(path)
        case .file(let isExecutable): try write(path, isExecutable: isExecutable)
        case .symbolicLink(let target):
            try links.add(path, to: target)
            try writer.makeSymbolicLink(path, to: target)
        case .hardLink(let target):
            guard (head.size ?? 0) == 0 else { throw Fault.refused("is a hard link with its own content") }
            guard let there = try place(of: ContainedPath(archived: target), head.kind) else { return }
            try writer.makeHardLink(path, to: there)
        case .other(let words): throw Fault.refused(words)
        }
        if case .directory = head.kind { return }
        done.files += 1
    }

    /// The target of an entry; nil for a directory that is stripped away.
    private func place(of path: ContainedPath, _ kind: EntryHead.Kind) throws(Fault) -> ContainedPath? {
        var stripped: ContainedPath? = path == .top ? nil : path
        if case .leading(let count) = strip { stripped = path.withoutFirst(count) }
        if stripped == nil {
            guard case .directory = kind else { throw .refused("has no name left after stripping leading folders") }
        }
        return stripped
    }

    /// Checks the claimed size before writing anything.
    private func checkSize(_ head: EntryHead) throws(Fault) {
        guard let size = head.size else { return }
        if size < 0 { throw .refused("has a negative size") }
        if size > limits.fileBytes { throw .tooMuch("claims \(size) bytes for one file; the limit is \(limits.fileBytes)") }
        if size > limits.bytes - done.bytes { throw .tooMuch("exceeds the limit of \(limits.bytes) bytes") }
        if size > 1 << 20 { try checkRoom(for: size) }
    }

    private mutating func write(_ path: ContainedPath, isExecutable: Bool) throws {
        var length: Int64 = 0
        var endsInHole = false
        try writer.makeFile(path, isExecutable: isExecutable) { file in
            try reader.eachPiece { piece, offset in
                // A hole counts as the zeros that it represents.
                let end = max(length, offset + Int64(piece.count))
                guard offset >= 0, end <= limits.fileBytes else {
                    throw Fault.tooMuch("has more than \(limits.fileBytes) bytes in one file")
                }
                done.bytes += end - length
                endsInHole = piece.isEmpty && end > length
                length = end
                guard done.bytes <= limits.bytes else {
                    throw Fault.tooMuch("exceeds the limit of \(limits.bytes) bytes")
                }
                try tellNowAndThen()
                try writeAll(piece, to: file, at: offset)
            }
            if endsInHole, ftruncate(file, Int(length)) != 0 { throw Fault.system(operation: "write", Errno(rawValue: errno)) }
        }
    }

    /// Checks the disk and reports progress from time to time.
    private mutating func tellNowAndThen() throws {
        guard done.bytes - told.bytes >= 8 << 20 || entries - told.entries >= 512 else { return }
        told = (done.bytes, entries)
        if done.bytes > 64 << 20, done.bytes / max(1, reader.bytesRead) > limits.ratio {
            throw Fault.tooMuch(
                "expands \(reader.bytesRead) bytes to \(done.bytes), more than \(limits.ratio) to 1: it is made to fill a disk")
        }
        try checkRoom(for: 0)
        try progress(done)
    }

    private func checkRoom(for bytes: Int64) throws(Fault) {
        guard let room = writer.room else { return }
        guard room.bytes - bytes >= limits.spareBytes else {
            throw .noSpace(
                "\(room.bytes) bytes are free, \(limits.spareBytes) must stay free\(bytes > 0 ? ", and the next file has \(bytes)" : "")")
        }
        if let files = room.files, files < 1024 { throw .noSpace("it has room for only \(files) more files") }
    }

    /// Checks where the links lead, now that all are known, and removes the common top folder.
    private mutating func finish() throws {
        let common = strip == .commonTop ? try commonTop() : nil
        do { try links.check(top: common == nil ? 0 : 1) } catch {
            throw error.fault.error(archive: archive, folder: folder, entry: error.link.bytes)
        }
        if let common { try raise(common) }
    }

    /// The one folder that contains everything in the archive; nil if there is none.
    private func commonTop() throws -> [UInt8]? {
        let names = try writer.names(in: .top, limit: 2)
        guard names.count == 1, let name = names.first else { return nil }
        return try writer.status(of: ContainedPath(name: name)).map { $0.st_mode & S_IFMT } == S_IFDIR ? name : nil
    }

    /// Replaces the target folder with its only subfolder.
    private func raise(_ name: [UInt8]) throws(Fault) {
        let aside = "\(folder.string).top"
        let inner = Array("\(folder.string)/".utf8) + name
        guard inner.withCString({ rename($0, aside) }) == 0 else { throw .system(operation: "raise", Errno(rawValue: errno)) }
        // rename(2) replaces an empty directory.
        guard rename(aside, folder.string) == 0 else {
            let number = errno
            _ = inner.withCString { rename(aside, $0) }
            throw .system(operation: "raise", Errno(rawValue: number))
        }
    }

    /// Turns a fault into an error about an entry.
    private mutating func blaming(_ entry: [UInt8], _ body: (inout Self) throws -> Void) throws {
        do { try body(&self) } catch {
            guard let fault = Fault(error) else { throw error }
            throw fault.error(archive: archive, folder: folder, entry: entry)
        }
    }
}

/// Writes bytes at an offset of a file.
private func writeAll(_ bytes: UnsafeRawBufferPointer, to file: Int32, at offset: Int64) throws(Fault) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let done = bytes.count - rest.count
        let count = pwrite(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, Int(offset) + done)
        guard count > 0 || errno == EINTR else { throw .system(operation: "write", Errno(rawValue: errno)) }
        rest = rest.dropFirst(max(0, count))
    }
}
