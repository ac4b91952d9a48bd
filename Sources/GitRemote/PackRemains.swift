import Glibc

/// What fetches that were killed have left in a mirror: packs without their index, which nobody reads.
struct PackRemains {
    private let folder: String

    init(of mirror: String) { folder = "\(mirror)/objects/pack" }

    /// Removes those that nobody has written to for an hour; a younger one may be another process's.
    func remove() {
        guard let stream = opendir(folder) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            // libgit2 writes to `pack_` and six digits of its own, and gives the pack its real name, `pack-`, at the end.
            guard name.hasPrefix("pack_") || name.hasSuffix(".lock") else { continue }
            let path = "\(folder)/\(name)"
            var status = stat()
            if lstat(path, &status) == 0, status.st_mtim.tv_sec < time(nil) - 3600 { unlink(path) }
        }
    }
}
