import Paths
import SystemPackage

extension FilePath {
    /// A path that came from data, below this folder. Whether a link lies in its way is not looked at (``FolderWriter`` does that).
    package func appending(_ path: ContainedPath) -> FilePath { path == .top ? self : appending(path.description) }
}
