import FileSystem
import Host
import SystemPackage

/// A root file system with two layers (overlayfs): a shared lower layer and the sandbox's own upper layer. Writes never reach the lower
/// layer. It is mounted only in the mount namespace of the sandbox's command, so it disappears with that command, however it ends.
struct Overlay: Sendable {
    /// The names in the bundle's directory. The paths are relative to it, because a colon or comma in an absolute path would break the
    /// mount options.
    private static let mount = #"mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay rootfs && exec "$@""#
    private let folder: FilePath

    /// The upper layer.
    var upper: FilePath { folder.appending("upper") }

    /// Creates the mount's directories in a directory that already has `rootfs`.
    ///
    /// - Throws: `FileError`.
    init(at folder: FilePath, over lower: FilePath) throws(FileError) {
        self.folder = folder
        for name in ["upper", "work"] { try Files.makeDirectory(folder.appending(name)) }
        try Files.link(folder.appending("lower"), to: lower.string)
    }

    /// The command with the layers mounted for it only.
    func mounted(for command: Command) -> Command {
        var command = command
        command.arguments = ["-c", Self.mount, "sh", command.program.string] + command.arguments
        command.program = "/bin/sh"
        command.directory = folder
        command.isContained = true
        return command
    }

    /// Why overlays cannot be mounted here, in the words of mount(8); nil if they can. The kernel may lack overlayfs, a container may lack
    /// the permission, or the workspace's file system may be unusable as an upper layer.
    ///
    /// - Parameter folder: a directory for a trial mount, which is removed afterward.
    /// - Throws: `FileError`; `CancellationError`.
    static func refusal(in folder: FilePath, on host: Host) async throws -> String? {
        defer { try? Files.remove(folder) }
        for name in ["below", "rootfs"] { try Files.makeDirectory(folder.appending(name)) }
        let overlay = try Overlay(at: folder, over: folder.appending("below"))
        do {
            _ = try await overlay.mounted(for: Command("/bin/true", [], environment: host.plainEnvironment, on: host)).output()
            return nil
        } catch let error as CommandError {
            // `mount: PLACE: reason`; the place is not informative.
            let said = error.lastLines.first { !$0.isEmpty }?.split(separator: "rootfs: ").last.map(String.init)
            return said ?? error.ended.map { "mount: \($0)" } ?? "mount did not start"
        }
    }
}
