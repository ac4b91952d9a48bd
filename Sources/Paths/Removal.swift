import Glibc
import SystemPackage

/// Removes a file, or a directory with its contents, through open directories (unlinkat(2)), so that path lengths do not matter however
/// deep the tree is, and links are not followed. Limits the number of open directories and does not recurse.
package struct Removal {
    /// The first file that could not be removed, and the reason.
    package struct Failure: Error {
        /// The names from the top of the removal down; empty for the top itself.
        package let names: [[UInt8]]
        /// The system error.
        package let errno: Errno
    }

    /// A directory that is being emptied.
    private struct Level {
        let name: [UInt8]
        var rest: [[UInt8]]
        /// nil while it is closed. It is reopened as the parent of the next level and recognized by its device and inode numbers.
        var descriptor: Int32?
        let device: dev_t
        let inode: ino_t
    }

    /// The maximum number of open directories.
    private static let open = 16

    private let above: Int32
    private var levels: [Level] = []
    private var failure: Failure?

    /// Removes a name in an open directory, or a path with `AT_FDCWD`. Continues after failures. It is not a failure if nothing exists.
    ///
    /// - Returns: the first failure; nil if there was none.
    package static func remove(_ name: [UInt8], in directory: Int32) -> Failure? {
        var removal = Removal(above: directory)
        removal.take(name)
        while !removal.levels.isEmpty { removal.step() }
        return removal.failure
    }

    private init(above: Int32) { self.above = above }

    private mutating func step() {
        let last = levels.count - 1
        if let name = levels[last].rest.popLast() { take(name) } else { leave() }
    }

    /// Removes a name in the innermost directory, or descends into it.
    private mutating func take(_ name: [UInt8]) {
        let directory = levels.last?.descriptor ?? above
        var status = stat()
        guard name.withCString({ fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else { return note(name, errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            if name.withCString({ unlinkat(directory, $0, 0) }) != 0 { note(name, errno) }
            return
        }
        let inner = name.withCString { openat(directory, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        guard inner >= 0 else {
            let reason = errno
            // An empty directory need not be read.
            if name.withCString({ unlinkat(directory, $0, AT_REMOVEDIR) }) != 0 { note(name, reason) }
            return
        }
        enter(name, inner)
    }

    private mutating func enter(_ name: [UInt8], _ descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, let names = Self.names(in: descriptor) else {
            note(name, errno)
            close(descriptor)
            return
        }
        levels.append(Level(name: name, rest: names, descriptor: descriptor, device: status.st_dev, inode: status.st_ino))
        let far = levels.count - 1 - Self.open
        if far >= 0, let descriptor = levels[far].descriptor {
            close(descriptor)
            levels[far].descriptor = nil
        }
    }

    /// Ascends from the innermost directory, which is empty now, and removes it.
    private mutating func leave() {
        let level = levels.removeLast()
        guard let descriptor = level.descriptor else { return }
        defer { close(descriptor) }
        if let last = levels.indices.last, levels[last].descriptor == nil {
            guard let above = Self.above(descriptor, levels[last]) else {
                // The directory was moved. Its new parents are not part of the removal and must not be touched.
                note(level.name, ESTALE)
                levels.removeAll()
                return
            }
            levels[last].descriptor = above
        }
        let directory = levels.last?.descriptor ?? above
        if level.name.withCString({ unlinkat(directory, $0, AT_REMOVEDIR) }) != 0 { note(level.name, errno) }
    }

    /// The parent of an open directory, if it is still the same as before.
    private static func above(_ descriptor: Int32, _ level: Level) -> Int32? {
        let above = openat(descriptor, "..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard above >= 0 else { return nil }
        var status = stat()
        if fstat(above, &status) == 0, status.st_dev == level.device, status.st_ino == level.inode { return above }
        close(above)
        return nil
    }

    private mutating func note(_ name: [UInt8], _ reason: Int32) {
        // A directory that is not empty contains an earlier failure or a new file.
        guard failure == nil, reason != ENOENT else { return }
        let names = levels.map(\.name) + [name]
        failure = Failure(names: Array(names.dropFirst()), errno: Errno(rawValue: reason))
    }

    private static func names(in directory: Int32) -> [[UInt8]]? {
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return nil }
        guard let stream = fdopendir(copy) else {
            close(copy)
            return nil
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        return names
    }
}
