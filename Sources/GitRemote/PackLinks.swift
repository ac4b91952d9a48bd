import Glibc

/// Shares a repository's packs with another one on the same file system by hard links: no data is copied, and either repository can be
/// removed on its own. A pack never changes, and its name is derived from its content.
struct PackLinks {
    private let source: String
    private let target: String

    init(from source: String, to target: String) {
        self.source = "\(source)/objects/pack"
        self.target = "\(target)/objects/pack"
    }

    /// Links all packs of the source into the target.
    ///
    /// - Returns: whether the target now has all of them; false on another file system.
    func make() -> Bool {
        guard let stream = opendir(source) else { return false }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard name.hasPrefix("pack-"), name.hasSuffix(".idx") else { continue }
            // Link the index last, because a pack becomes visible with its index.
            for file in ["\(name.dropLast(4)).pack", name] where link("\(source)/\(file)", "\(target)/\(file)") != 0 && errno != EEXIST {
                return false
            }
        }
        return true
    }
}
