import Glibc
import SystemPackage

/// The error of an operation below a directory.
package enum FolderFault: Error, Sendable, Hashable {
    /// A link or file is where a directory is expected, or similar; a predicate for the path to create.
    case refused(String)
    /// A system error and the operation that caused it.
    case system(operation: String, Errno)

    /// The error message.
    package var reason: String {
        switch self {
        case .refused(let reason): "it \(reason)"
        case .system(_, let errno): errno.description
        }
    }
}

/// Creates, reads and removes files below a directory. Every step uses an open directory (openat(2)) and never follows a link, so neither
/// existing files nor concurrent changes can redirect a step to the outside. Existing files are never overwritten.
///
/// Use it from one task at a time.
package final class FolderWriter {
    private let root: Int32
    /// The directories on the path of the last operation, which the next operation mostly shares.
    private var open: [(name: [UInt8], descriptor: Int32)] = []

    /// Opens the directory, which must exist and must not be a link.
    ///
    /// - Throws: `FolderFault.system`.
    package init(_ folder: [UInt8]) throws(FolderFault) {
        root = folder.withCString { Glibc.open($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        guard root >= 0 else { throw Self.failure("open") }
    }

    deinit {
        for directory in open { close(directory.descriptor) }
        close(root)
    }

    /// The free space in bytes and the number of files that this user can still create; nil if the file system does not report the space.
    package var room: (bytes: Int64, files: UInt64?)? {
        var status = statvfs()
        guard fstatvfs(root, &status) == 0 else { return nil }
        return (Int64(status.f_bavail) * Int64(status.f_frsize), status.f_files > 0 ? UInt64(status.f_favail) : nil)
    }

    // MARK: Creating

    /// Creates a directory and its parents.
    ///
    /// - Returns: whether this call created the directory itself.
    /// - Throws: `FolderFault`.
    @discardableResult
    package func makeDirectory(_ path: ContainedPath) throws(FolderFault) -> Bool {
        guard let name = path.name else { return false }
        let above = try directory(path.parts.dropLast(), isMade: true)
        let isMade = name.withCString { mkdirat(above, $0, 0o755) } == 0
        guard isMade || errno == EEXIST else { throw Self.failure("create a folder for") }
        _ = try directory(path.parts[...], isMade: false)
        return isMade
    }

    /// Creates a symbolic link. The caller is responsible for checking the target.
    ///
    /// - Throws: `FolderFault`.
    package func makeSymbolicLink(_ path: ContainedPath, to target: [UInt8]) throws(FolderFault) {
        let (directory, name) = try place(of: path)
        guard target.withCString({ target in name.withCString { symlinkat(target, directory, $0) } }) == 0 else {
            throw Self.failure("create the link")
        }
    }

    /// Creates a hard link to a file. Links are rejected, because in another directory they would have another target.
    ///
    /// - Throws: `FolderFault`.
    package func makeHardLink(_ path: ContainedPath, to target: ContainedPath) throws(FolderFault) {
        guard let last = target.name else { throw .refused("is a hard link to the folder itself") }
        let from = dup(try directory(target.parts.dropLast(), isMade: false))
        guard from >= 0 else { throw Self.failure("open a folder for") }
        defer { close(from) }
        guard let status = Self.status(of: last, in: from), status.st_mode & S_IFMT == S_IFREG else {
            throw .refused("is a hard link to \(ContainedPath.quoted(target.bytes)), which is not an earlier file of the archive")
        }
        let (directory, name) = try place(of: path)
        guard last.withCString({ last in name.withCString { linkat(from, last, directory, $0, 0) } }) == 0 else {
            throw Self.failure("create the link")
        }
    }

    /// Creates an empty file and passes its descriptor to the body.
    ///
    /// - Throws: `FolderFault`, and errors thrown by the body.
    package func makeFile(_ path: ContainedPath, isExecutable: Bool, _ body: (Int32) throws -> Void) throws {
        let (directory, name) = try place(of: path)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = name.withCString { openat(directory, $0, flags, isExecutable ? 0o755 : 0o644) }
        guard file >= 0 else { throw Self.failure("make") }
        defer { close(file) }
        try body(file)
    }

    /// Creates a file with content.
    ///
    /// - Throws: `FolderFault`.
    package func makeFile(_ path: ContainedPath, _ content: [UInt8], isExecutable: Bool) throws {
        try makeFile(path, isExecutable: isExecutable) { file in
            var rest = content[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
                guard count >= 0 || errno == EINTR else { throw Self.failure("write") }
                rest = rest.dropFirst(max(0, count))
            }
        }
    }

    // MARK: Reading

    /// The status of a file, without following a link; nil if it does not exist.
    ///
    /// - Throws: `FolderFault`.
    package func status(of path: ContainedPath) throws(FolderFault) -> stat? {
        var status = stat()
        guard let name = path.name else {
            guard fstat(root, &status) == 0 else { throw Self.failure("inspect") }
            return status
        }
        let above = try directory(path.parts.dropLast(), isMade: false)
        if name.withCString({ fstatat(above, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 { return status }
        guard errno == ENOENT else { throw Self.failure("inspect") }
        return nil
    }

    /// The names in a directory, unsorted.
    ///
    /// - Parameter limit: the maximum number of names.
    /// - Throws: `FolderFault`.
    package func names(in path: ContainedPath, limit: Int = .max) throws(FolderFault) -> [[UInt8]] {
        try Self.names(in: try directory(path.parts[...], isMade: false), limit: limit)
    }

    /// Appends a regular file's content to `bytes`.
    ///
    /// - Throws: `FolderFault`.
    package func read(_ path: ContainedPath, into bytes: inout [UInt8]) throws(FolderFault) {
        let (above, name) = try place(of: path, isMade: false)
        let file = name.withCString { openat(above, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
        guard file >= 0 else { throw Self.failure("read") }
        defer { close(file) }
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = piece.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count == 0 { return }
            guard count > 0 || errno == EINTR else { throw Self.failure("read") }
            if count > 0 { bytes.append(contentsOf: piece.prefix(count)) }
        }
    }

    /// The target of a symbolic link, truncated to 4096 bytes; Linux has no longer ones.
    ///
    /// - Throws: `FolderFault`.
    package func target(of path: ContainedPath) throws(FolderFault) -> [UInt8] {
        let (above, name) = try place(of: path, isMade: false)
        var target = [UInt8](repeating: 0, count: 4096)
        let count = name.withCString { name in
            target.withUnsafeMutableBytes { bytes in
                bytes.bindMemory(to: CChar.self).baseAddress.map { readlinkat(above, name, $0, bytes.count) } ?? -1
            }
        }
        guard count >= 0 else { throw Self.failure("read the link") }
        return Array(target.prefix(count))
    }

    // MARK: Removing

    /// Removes a file, a directory with its contents, or a link without following it.
    ///
    /// - Throws: `FolderFault`.
    package func remove(_ path: ContainedPath) throws(FolderFault) {
        let (above, name) = try place(of: path, isMade: false)
        try Self.remove(name, in: above)
    }

    /// Removes an empty directory.
    ///
    /// - Returns: whether it was removed.
    /// - Throws: `FolderFault` if there is a link on its path.
    package func removeIfEmpty(_ path: ContainedPath) throws(FolderFault) -> Bool {
        let (above, name) = try place(of: path, isMade: false)
        return name.withCString { unlinkat(above, $0, AT_REMOVEDIR) } == 0
    }

    /// Removes everything in a directory except for some names. Names that are not valid in a path, such as `.git`, are removed too.
    ///
    /// - Returns: how many names were removed.
    /// - Throws: `FolderFault`.
    package func removeAll(in path: ContainedPath, but kept: Set<[UInt8]>) throws(FolderFault) -> Int {
        let directory = try directory(path.parts[...], isMade: false)
        var count = 0
        for name in try Self.names(in: directory) where !kept.contains(name) {
            try Self.remove(name, in: directory)
            count += 1
        }
        return count
    }

    private static func remove(_ name: [UInt8], in directory: Int32) throws(FolderFault) {
        guard status(of: name, in: directory) != nil else { throw failure("remove") }
        if let failure = Removal.remove(name, in: directory) { throw .system(operation: "remove", failure.errno) }
    }

    // MARK: Walking

    /// The open parent directory of a path, and the name in it.
    private func place(of path: ContainedPath, isMade: Bool = true) throws(FolderFault) -> (Int32, [UInt8]) {
        guard let name = path.name else { throw .refused("is the folder itself, but not a directory") }
        return (try directory(path.parts.dropLast(), isMade: isMade), name)
    }

    private func directory(_ parts: ArraySlice<[UInt8]>, isMade: Bool) throws(FolderFault) -> Int32 {
        // Something that is removed here is removed through its parent directory, so it is not among the open directories.
        let shared = zip(open, parts).prefix { $0.name == $1 }.count
        while open.count > shared { close(open.removeLast().descriptor) }
        for name in parts.dropFirst(shared) {
            let above = open.last?.descriptor ?? root
            if isMade, name.withCString({ mkdirat(above, $0, 0o755) }) != 0, errno != EEXIST { throw Self.failure("create a folder for") }
            let next = name.withCString { openat(above, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
            guard next >= 0 else { throw notADirectory(name, in: above) }
            open.append((name, next))
        }
        return open.last?.descriptor ?? root
    }

    /// Why a name cannot be entered as a directory.
    private func notADirectory(_ name: [UInt8], in directory: Int32) -> FolderFault {
        let fault = Self.failure("open a folder for")
        return switch Self.status(of: name, in: directory).map({ $0.st_mode & S_IFMT }) {
        case S_IFDIR?: fault
        case S_IFLNK?: .refused("leads through \(ContainedPath.quoted(name)), which is a link")
        case nil: .refused("leads through \(ContainedPath.quoted(name)), which does not exist")
        default: .refused("leads through \(ContainedPath.quoted(name)), which is a file")
        }
    }

    private static func names(in directory: Int32, limit: Int = .max) throws(FolderFault) -> [[UInt8]] {
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { throw failure("list") }
        guard let stream = fdopendir(copy) else {
            close(copy)
            throw failure("list")
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while names.count < limit, let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        return names
    }

    private static func status(of name: [UInt8], in directory: Int32) -> stat? {
        var status = stat()
        return name.withCString { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0 ? status : nil
    }

    private static func failure(_ operation: String) -> FolderFault {
        let number = errno
        return number == EEXIST
            ? .refused("has the same name as an earlier entry") : .system(operation: operation, Errno(rawValue: number))
    }
}

extension [UInt8] {
    /// Passes the bytes to the body as a C string.
    package func withCString<Value>(_ body: (UnsafePointer<CChar>) -> Value) -> Value {
        (self + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                // The array contains at least its terminating zero, so there is an address.
                characters.baseAddress.map(body)
            }
        } ?? body("")
    }
}
