import FileSystem
import FoundationEssentials
import Host
import Model
import SystemPackage

/// An OCI bundle: a `config.json` next to a root file system (OCI runtime specification 1.0.2).
package struct Bundle: Sendable {
    package struct Mount: Hashable, Encodable, Sendable {
        let destination: String
        let type: String
        let source: String
        var options: [String] = []

        /// A host directory that appears in the sandbox as a mount of its own.
        package static func volume(_ directory: FilePath, at destination: String) -> Mount {
            Mount(destination: destination, type: "bind", source: directory.string, options: ["rw"])
        }

        /// runc mounts cgroups writable only on request.
        fileprivate var writable: Mount {
            type == "cgroup" ? Mount(destination: destination, type: type, source: source, options: ["rw"]) : self
        }

        /// The mounts that every node needs: devices and `/run` in memory, and the kernel's own file systems.
        static let system = [
            Mount(destination: "/proc", type: "proc", source: "proc"),
            Mount(destination: "/dev", type: "tmpfs", source: "tmpfs"),
            Mount(destination: "/sys", type: "sysfs", source: "sysfs"),
            Mount(destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup"),
            Mount(destination: "/run", type: "tmpfs", source: "tmpfs"),
        ]
    }

    /// The name that runsc uses for a bundle's container. One name is enough, because each container has its own state directory.
    package static let container = "node"

    /// The directory in which the first program of a node's sandbox keeps files that the node cannot reach, and a script that runs a
    /// program among the node's mounts.
    package static let askFolder = "/run/ask"
    /// The command that runs another command among the node's mounts.
    package static let entering = ["\(askFolder)/sh", "\(askFolder)/enter"]

    /// The bundle's directory.
    package let path: FilePath
    /// The root file system's directory.
    package var root: FilePath { path.appending("rootfs") }

    private let overlay: Overlay?
    /// The directory for the root file system's own files. Only the sandbox's command sees them merged with the shared files.
    package var own: FilePath { overlay?.upper ?? root }

    /// Creates an empty bundle.
    ///
    /// - Parameter shared: a directory that the root file system shares with others and that the sandbox cannot change; nil for none.
    /// - Throws: `FileError`.
    package init(at path: FilePath, over shared: FilePath? = nil) throws(FileError) {
        self.path = path
        try Files.makeDirectory(path.appending("rootfs"))
        overlay = if let shared { try Overlay(at: path, over: shared) } else { nil }
    }

    /// A command that uses the bundle and sees its complete root file system.
    func command(_ program: FilePath, _ arguments: [String], on host: Host) -> Command {
        let command = Command(program, arguments, environment: host.plainEnvironment, on: host)
        return overlay?.mounted(for: command) ?? command
    }

    /// Writes `config.json`.
    ///
    /// - Parameter group: the cgroup of a container on the machine's own kernel; nil for a sandbox with its own kernel.
    /// - Throws: `FileError`.
    package func configure(
        arguments: [String], environment: [String: String], volumes: [Mount] = [], in group: ContainerGroup? = nil
    ) throws {
        let words = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let names = group == nil ? Capability.all : Capability.container
        let process = Specification.Process(args: arguments, env: words, capabilities: Capability.sets(names))
        let mounts = Mount.system + volumes
        let specification =
            group.map { Specification(process: process, mounts: mounts.map(\.writable), linux: .container($0)) }
            ?? Specification(process: process, mounts: mounts, linux: .sandbox)
        try Files.write(try JSONDocument.bytes(of: specification), to: path.appending("config.json"))
    }
}

/// The parts of an OCI runtime specification that a node needs.
private struct Specification: Encodable {
    struct Process: Encodable {
        struct User: Encodable {
            let uid = 0
            let gid = 0
        }

        let terminal = false
        let user = User()
        let args: [String]
        let env: [String]
        let cwd = "/"
        let capabilities: [String: [String]]
    }

    struct Root: Encodable {
        let path = "rootfs"
        let readonly = false
    }

    struct Linux: Encodable {
        struct Namespace: Encodable { let type: String }

        struct Resources: Encodable {
            struct Device: Encodable {
                let allow = true
                let access = "rwm"
            }

            let devices = [Device()]
        }

        let namespaces: [Namespace]
        var resources: Resources?
        var cgroupsPath: String?

        static let sandbox = Linux(namespaces: ["pid", "ipc", "uts", "mount"].map(Namespace.init))

        /// A container with an isolated network and with cgroups rooted at its own.
        static func container(_ group: ContainerGroup) -> Linux {
            Linux(
                namespaces: sandbox.namespaces + ["network", "cgroup"].map(Namespace.init), resources: Resources(),
                cgroupsPath: group.path)
        }
    }

    let ociVersion = "1.0.2"
    let process: Process
    let root = Root()
    let hostname = "node"
    let mounts: [Bundle.Mount]
    let linux: Linux
}

/// The capabilities(7) that runsc knows.
private enum Capability {
    static let all = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT",
        "SYS_PTRACE",
        "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE",
        "AUDIT_CONTROL", "SETFCAP", "SYSLOG",
    ].map { "CAP_\($0)" }

    /// All capabilities in all sets: a node is the administrator of its sandbox.
    static func sets(_ names: [String]) -> [String: [String]] {
        Dictionary(uniqueKeysWithValues: ["bounding", "effective", "inheritable", "permitted", "ambient"].map { ($0, names) })
    }

    /// The capabilities in a container on the machine's kernel: none that could change the machine itself, and none that Ninepin lacks.
    static var container: [String] {
        let refused = ["CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_BOOT", "CAP_SYS_TIME"]
        return all.filter { !refused.contains($0) && isHeld($0) }
    }

    /// Whether this process can grant a capability (proc(5), `CapBnd`).
    private static func isHeld(_ name: String) -> Bool {
        let status = (try? Files.readText("/proc/self/status")) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapBnd:") }
        guard let mask = line?.split(whereSeparator: \.isWhitespace).last.flatMap({ UInt64($0, radix: 16) }), let bit = numbers[name] else {
            return false
        }
        return mask >> bit & 1 == 1
    }

    /// Capability numbers from linux/capability.h.
    private static let numbers: [String: UInt64] = [
        "CAP_CHOWN": 0, "CAP_DAC_OVERRIDE": 1, "CAP_DAC_READ_SEARCH": 2, "CAP_FOWNER": 3, "CAP_FSETID": 4, "CAP_KILL": 5, "CAP_SETGID": 6,
        "CAP_SETUID": 7, "CAP_SETPCAP": 8, "CAP_LINUX_IMMUTABLE": 9, "CAP_NET_BIND_SERVICE": 10, "CAP_NET_BROADCAST": 11,
        "CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13, "CAP_IPC_LOCK": 14, "CAP_IPC_OWNER": 15, "CAP_SYS_CHROOT": 18, "CAP_SYS_PTRACE": 19,
        "CAP_SYS_PACCT": 20, "CAP_SYS_ADMIN": 21, "CAP_SYS_NICE": 23, "CAP_SYS_RESOURCE": 24, "CAP_SYS_TTY_CONFIG": 26, "CAP_MKNOD": 27,
        "CAP_LEASE": 28, "CAP_AUDIT_WRITE": 29, "CAP_AUDIT_CONTROL": 30, "CAP_SETFCAP": 31, "CAP_SYSLOG": 34,
    ]
}
