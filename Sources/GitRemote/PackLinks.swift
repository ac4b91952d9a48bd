import Glibc

/// Lends a repository's packs to another one of the same file system, by second names of the same files: nothing is read or written, and each
/// repository may go without the other. A pack never changes, and its name is made of what is in it.
struct PackLinks {
    private let source: String
    private let target: String

    init(from source: String, to target: String) {
        self.source = "\(source)/objects/pack"
        self.target = "\(target)/objects/pack"
    }

    /// Gives the target all packs of the source.
    ///
    /// - Returns: whether it has all of them now; it cannot on another file system.
    func make() -> Bool {
        guard let stream = opendir(source) else { return false }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard name.hasPrefix("pack-"), name.hasSuffix(".idx") else { continue }
            // The index comes last: a pack is seen by its index.
            for file in ["\(name.dropLast(4)).pack", name] where link("\(source)/\(file)", "\(target)/\(file)") != 0 && errno != EEXIST {
                return false
            }
        }
        return true
    }
}
