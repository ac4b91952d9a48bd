import Glibc
import Paths
import UnifiedDiff

/// A folder's files, read in place as if the folder were a tree. Links below the folder are not followed.
package final class FolderFiles {
    private let folder: FolderWriter
    private let shown: String

    /// Opens a folder, which must not be a link.
    ///
    /// - Throws: `GitError` if it cannot be opened.
    package init(_ path: String) throws(GitError) {
        shown = path
        do throws(FolderFault) { folder = try FolderWriter(Array(path.utf8)) } catch { throw GitError("open", path, error.reason) }
    }

    /// What exists at a path.
    ///
    /// - Throws: `GitError` if it cannot be read.
    package func standing(at path: String) throws(GitError) -> Standing {
        guard let place = ContainedPath(path) else { return .nothing }
        do throws(FolderFault) {
            for above in place.folders where try folder.status(of: above).map({ $0.st_mode & S_IFMT != S_IFDIR }) ?? true {
                return .nothing
            }
            guard let status = try folder.status(of: place) else { return .nothing }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: return .folder { try self.hasMoreFiles(than: $0, place) }
            case S_IFLNK: return .file(TreeFile(try folder.target(of: place), mode: .link))
            case S_IFREG:
                var bytes: [UInt8] = []
                try folder.read(place, into: &bytes)
                return .file(TreeFile(bytes, mode: status.st_mode & S_IXUSR == 0 ? .plain : .executable))
            default: return .other("neither a file nor a link nor a folder")
            }
        } catch { throw GitError("read", "\(ContainedPath.quoted(place.bytes)) in \(shown)", error.reason) }
    }

    private func hasMoreFiles(than count: Int, _ top: ContainedPath) throws -> Bool {
        var (left, waiting) = (count, [top])
        while let place = waiting.popLast() {
            for name in try folder.names(in: place) {
                let below = try place.appending(ContainedPath(name: name))
                if let status = try folder.status(of: below), status.st_mode & S_IFMT == S_IFDIR {
                    waiting.append(below)
                } else {
                    left -= 1
                    if left < 0 { return true }
                }
            }
        }
        return false
    }
}
