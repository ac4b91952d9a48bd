import Glibc

/// Leftovers of killed fetches in a mirror: packs without an index, which nothing uses.
struct PackRemains {
    private let folder: String

    init(of mirror: String) { folder = "\(mirror)/objects/pack" }

    /// Removes those not written to for an hour; a newer one may belong to another process.
    func remove() {
        guard let stream = opendir(folder) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            // libgit2 writes to `pack_` plus six random characters, and renames the file to `pack-…` at the end.
            guard name.hasPrefix("pack_") || name.hasSuffix(".lock") else { continue }
            let path = "\(folder)/\(name)"
            var status = stat()
            if lstat(path, &status) == 0, status.st_mtim.tv_sec < time(nil) - 3600 { unlink(path) }
        }
    }
}
