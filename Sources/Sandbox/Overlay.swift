import Host
import SystemPackage

/// A root file system in two layers (overlayfs): below what many share, above what is a sandbox's own. What a sandbox writes never reaches the
/// lower one. Only the sandbox's command sees it mounted, in its own mount namespace, and so it goes away with that, however it ends.
struct Overlay: Sendable {
    /// The names in the bundle's folder. Paths are relative to it: a colon or comma in a whole one would end it in mount's options.
    private static let mount = #"mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay rootfs && exec "$@""#
    private let folder: FilePath

    /// The layer above.
    var upper: FilePath { folder.appending("upper") }

    /// Makes what the mount needs in a folder that has `rootfs`.
    ///
    /// - Throws: `FileError`.
    init(at folder: FilePath, over lower: FilePath) throws(FileError) {
        self.folder = folder
        for name in ["upper", "work"] { try Files.makeDirectory(folder.appending(name)) }
        try Files.link(folder.appending("lower"), to: lower.string)
    }

    /// The command with the layers mounted for it, and for it alone.
    func mounted(for command: Command) -> Command {
        var command = command
        command.arguments = ["-c", Self.mount, "sh", command.program.string] + command.arguments
        command.program = "/bin/sh"
        command.directory = folder
        command.isContained = true
        return command
    }

    /// Why no such layers can be mounted here, in the words of mount(8); nil when they can. A kernel may lack overlayfs, a container the right
    /// to mount it, and a workspace may lie on a file system that cannot be the upper layer.
    ///
    /// - Parameter folder: a folder to try it in, which is removed.
    /// - Throws: `FileError`; `CancellationError`.
    static func refusal(in folder: FilePath, on host: Host) async throws -> String? {
        defer { try? Files.remove(folder) }
        for name in ["below", "rootfs"] { try Files.makeDirectory(folder.appending(name)) }
        let overlay = try Overlay(at: folder, over: folder.appending("below"))
        do {
            _ = try await overlay.mounted(for: Command("/bin/true", [], environment: host.plainEnvironment, on: host)).output()
            return nil
        } catch let error as CommandError {
            // `mount: PLACE: reason`; the place says nothing.
            let said = error.lastLines.first { !$0.isEmpty }?.split(separator: "rootfs: ").last.map(String.init)
            return said ?? error.ended.map { "mount: \($0)" } ?? "mount did not start"
        }
    }
}
