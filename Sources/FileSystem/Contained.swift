import Paths
import SystemPackage

extension FilePath {
    /// Appends a path from untrusted data to this directory. Does not check for symbolic links on the way (``FolderWriter`` does).
    package func appending(_ path: ContainedPath) -> FilePath { path == .top ? self : appending(path.description) }
}
