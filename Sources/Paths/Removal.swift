import Glibc
import SystemPackage

/// The removal of a file, or of a directory with all in it, by way of open directories (unlinkat(2)): no name is longer than its last part, however
/// deep the tree is, and no link is followed. A bounded number of directories is open at once, and nothing calls itself.
package struct Removal {
    /// The first thing that could not be removed, as the names that lead to it, and why.
    package struct Failure: Error {
        /// From what was to be removed downwards; empty for that itself.
        package let names: [[UInt8]]
        /// What the system said.
        package let errno: Errno
    }

    /// A directory that is being emptied.
    private struct Level {
        let name: [UInt8]
        var rest: [[UInt8]]
        /// Nil while it is closed; it is found again as the directory above the next, and known by its numbers.
        var descriptor: Int32?
        let device: dev_t
        let inode: ino_t
    }

    /// How many directories are open at once.
    private static let open = 16

    private let above: Int32
    private var levels: [Level] = []
    private var failure: Failure?

    /// Removes what has a name in an open directory, which may be `AT_FDCWD` for a path; what fails is passed over. That nothing is there is
    /// no failure.
    ///
    /// - Returns: what failed first; nil when nothing did.
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

    /// Removes a name in the innermost directory, or goes into it.
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
            // An empty one need not be read.
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

    /// Goes out of the innermost directory, which has been emptied, and removes it.
    private mutating func leave() {
        let level = levels.removeLast()
        guard let descriptor = level.descriptor else { return }
        defer { close(descriptor) }
        if let last = levels.indices.last, levels[last].descriptor == nil {
            guard let above = Self.above(descriptor, levels[last]) else {
                // Somebody has moved it: what is above is no longer where it was, and nothing of it is touched.
                note(level.name, ESTALE)
                levels.removeAll()
                return
            }
            levels[last].descriptor = above
        }
        let directory = levels.last?.descriptor ?? above
        if level.name.withCString({ unlinkat(directory, $0, AT_REMOVEDIR) }) != 0 { note(level.name, errno) }
    }

    /// The directory above an open one, when it is still the one that it was.
    private static func above(_ descriptor: Int32, _ level: Level) -> Int32? {
        let above = openat(descriptor, "..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard above >= 0 else { return nil }
        var status = stat()
        if fstat(above, &status) == 0, status.st_dev == level.device, status.st_ino == level.inode { return above }
        close(above)
        return nil
    }

    private mutating func note(_ name: [UInt8], _ reason: Int32) {
        // A directory that is not empty has something in it that failed before, or that came just now.
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
