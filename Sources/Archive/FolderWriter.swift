import Glibc
import SystemPackage

/// Makes files below one folder. Every step goes through an open directory (openat(2)) and none through a link, so what an archive made before
/// cannot lead a later entry out; and nothing that is there is ever written over.
final class FolderWriter {
    private let root: Int32
    /// The directories that lead to where the last entry was made: those of the next are mostly the same.
    private var open: [(name: [UInt8], descriptor: Int32)] = []

    /// - Throws: `ArchiveError.file`.
    init(_ folder: FilePath) throws(ArchiveError) {
        root = Glibc.open(folder.string, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard root >= 0 else { throw .file(operation: "open", path: folder, reason: Errno(rawValue: errno).description) }
    }

    deinit {
        for directory in open { close(directory.descriptor) }
        close(root)
    }

    /// Bytes that this user may still write, and files that may still be made; nil for a file system that does not count them.
    var room: (bytes: Int64, files: UInt64?)? {
        var status = statvfs()
        guard fstatvfs(root, &status) == 0 else { return nil }
        return (Int64(status.f_bavail) * Int64(status.f_frsize), status.f_files > 0 ? UInt64(status.f_favail) : nil)
    }

    func makeDirectory(_ path: EntryPath) throws(Fault) { _ = try directory(path.parts[...], isMade: true) }

    func makeSymbolicLink(_ path: EntryPath, to target: [UInt8]) throws(Fault) {
        let (directory, name) = try place(of: path)
        guard target.withCString({ target in name.withCString { symlinkat(target, directory, $0) } }) == 0 else {
            throw failure("make the link")
        }
    }

    /// Makes a second name of a file. Of a link there is none: in another place it would lead elsewhere.
    func makeHardLink(_ path: EntryPath, to target: EntryPath) throws(Fault) {
        guard let last = target.parts.last else { throw .refused("is a hard link to the folder itself") }
        let from = dup(try directory(target.parts.dropLast(), isMade: false))
        guard from >= 0 else { throw failure("open a folder for") }
        defer { close(from) }
        guard let mode = mode(of: last, in: from), mode & S_IFMT == S_IFREG else {
            throw .refused("is a hard link to \(shown(target.name)), which is no file before it in the archive")
        }
        let (directory, name) = try place(of: path)
        guard last.withCString({ last in name.withCString { linkat(from, last, directory, $0, 0) } }) == 0 else {
            throw failure("make the link")
        }
    }

    /// Makes an empty file, and lends its descriptor.
    func makeFile(_ path: EntryPath, isExecutable: Bool, _ body: (Int32) throws -> Void) throws {
        let (directory, name) = try place(of: path)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = name.withCString { openat(directory, $0, flags, isExecutable ? 0o755 : 0o644) }
        guard file >= 0 else { throw failure("make") }
        defer { close(file) }
        try body(file)
    }

    /// The names in the folder itself, two of them at most, and whether the first is a directory.
    func top() throws(Fault) -> (names: [[UInt8]], isDirectory: Bool) {
        let copy = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { throw failure("list") }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while names.count < 2, let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        return (names, names.first.flatMap { mode(of: $0, in: root) }.map { $0 & S_IFMT == S_IFDIR } ?? false)
    }

    /// The open directory in which an entry is to be made, and its name there.
    private func place(of path: EntryPath) throws(Fault) -> (Int32, [UInt8]) {
        guard let name = path.parts.last else { throw .refused("is the folder itself, and no directory") }
        return (try directory(path.parts.dropLast(), isMade: true), name)
    }

    private func directory(_ parts: ArraySlice<[UInt8]>, isMade: Bool) throws(Fault) -> Int32 {
        let shared = zip(open, parts).prefix { $0.name == $1 }.count
        while open.count > shared { close(open.removeLast().descriptor) }
        for name in parts.dropFirst(shared) {
            let above = open.last?.descriptor ?? root
            if isMade, name.withCString({ mkdirat(above, $0, 0o755) }) != 0, errno != EEXIST { throw failure("make a folder for") }
            let next = name.withCString { openat(above, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
            guard next >= 0 else { throw notADirectory(name, in: above) }
            open.append((name, next))
        }
        return open.last?.descriptor ?? root
    }

    /// Why a name cannot be gone through.
    private func notADirectory(_ name: [UInt8], in directory: Int32) -> Fault {
        let fault = failure("open a folder for")
        return switch mode(of: name, in: directory).map({ $0 & S_IFMT }) {
        case S_IFDIR?: fault
        case S_IFLNK?: .refused("leads through \(shown(name)), which is a link")
        case nil: .refused("leads through \(shown(name)), which is not there")
        default: .refused("leads through \(shown(name)), which is a file")
        }
    }

    private func mode(of name: [UInt8], in directory: Int32) -> mode_t? {
        var status = stat()
        return name.withCString { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0 ? status.st_mode : nil
    }

    private func failure(_ operation: String) -> Fault {
        let number = errno
        return number == EEXIST
            ? .refused("has a name that an entry before it has") : .system(operation: operation, Errno(rawValue: number))
    }
}

extension [UInt8] {
    /// Lends the bytes as a C string.
    func withCString<Value>(_ body: (UnsafePointer<CChar>) -> Value) -> Value {
        (self + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                // The array has at least its closing zero, so there is an address.
                characters.baseAddress.map(body)
            }
        } ?? body("")
    }
}
