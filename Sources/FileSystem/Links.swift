import Glibc
import SystemPackage

extension Files {
    /// Creates a symbolic link.
    ///
    /// - Throws: `FileError` if the path already exists.
    package static func link(_ path: FilePath, to target: String) throws(FileError) {
        guard symlink(target, path.string) == 0 else { throw error("link", path, errno) }
    }

    /// The target of a symbolic link; nil for anything else.
    package static func linkTarget(_ path: FilePath) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink(path.string, &bytes, bytes.count)
        return length < 0 ? nil : String(decoding: bytes.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The paths of all files and links below a directory, relative to it, sorted. Does not follow links.
    package static func paths(below directory: FilePath) -> [String] {
        names(in: directory).flatMap { name -> [String] in
            let path = directory.appending(name)
            guard linkTarget(path) == nil, isDirectory(path) else { return [name] }
            return paths(below: path).map { "\(name)/\($0)" }
        }.sorted()
    }
}
