import Glibc
import Paths

/// File operations with paths as bytes, because names need not be UTF-8. Links are never followed.
enum DirectoryListing {
    /// The names in a directory, sorted by bytes.
    static func names(in directory: [UInt8]) throws(GitError) -> [[UInt8]] {
        guard let stream = directory.withCString({ opendir($0) }) else { throw failure("list", directory) }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// The result of lstat(2).
    static func status(_ path: [UInt8]) throws(GitError) -> stat {
        var status = stat()
        guard path.withCString({ lstat($0, &status) }) == 0 else { throw failure("inspect", path) }
        return status
    }

    /// The target of a symbolic link.
    static func target(of link: [UInt8], length: Int) throws(GitError) -> [UInt8] {
        var target = [UInt8](repeating: 0, count: max(length, 4096))
        let count = link.withCString { link in
            target.withUnsafeMutableBytes { bytes in
                bytes.bindMemory(to: CChar.self).baseAddress.map { readlink(link, $0, bytes.count) } ?? -1
            }
        }
        guard count >= 0 else { throw failure("read link", link) }
        return Array(target.prefix(count))
    }

    /// Appends a file's content to `bytes`.
    static func read(_ path: [UInt8], into bytes: inout [UInt8]) throws(GitError) {
        let file = path.withCString { open($0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) }
        guard file >= 0 else { throw failure("read", path) }
        defer { close(file) }
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = piece.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count == 0 { return }
            guard count > 0 || errno == EINTR else { throw failure("read", path) }
            if count > 0 { bytes.append(contentsOf: piece.prefix(count)) }
        }
    }

    /// Writes a new file; fails if it exists.
    static func write(_ bytes: [UInt8], to path: [UInt8], mode: mode_t) throws(GitError) {
        let file = path.withCString { open($0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode) }
        guard file >= 0 else { throw failure("write", path) }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw failure("write", path) }
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// Removes a file, a link, or a directory with everything in it.
    static func remove(_ path: [UInt8]) throws(GitError) {
        if try status(path).st_mode & S_IFMT == S_IFDIR {
            for name in try names(in: path) { try remove(path + [UInt8(ascii: "/")] + name) }
            guard path.withCString({ rmdir($0) }) == 0 else { throw failure("remove", path) }
        } else {
            guard path.withCString({ unlink($0) }) == 0 else { throw failure("remove", path) }
        }
    }

    /// Removes a directory that contains nothing but empty directories, at any depth. Anything else stays.
    ///
    /// - Returns: whether the directory was removed.
    @discardableResult
    static func removeIfHollow(_ path: [UInt8]) throws(GitError) -> Bool {
        guard try status(path).st_mode & S_IFMT == S_IFDIR else { return false }
        var isHollow = true
        for name in try names(in: path) where try !removeIfHollow(path + [UInt8(ascii: "/")] + name) { isHollow = false }
        guard isHollow else { return false }
        try remove(path)
        return true
    }

    /// An error with the system's message.
    static func failure(_ operation: String, _ path: [UInt8]) -> GitError {
        GitError(operation, String(decoding: path, as: UTF8.self), String(cString: strerror(errno)))
    }
}
