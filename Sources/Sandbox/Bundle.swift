import FoundationEssentials
import Host
import Model
import SystemPackage

/// An OCI bundle: a `config.json` beside a root file system (OCI runtime specification 1.0.2).
public struct Bundle: Sendable {
    /// A mount in the sandbox.
    public struct Mount: Hashable, Encodable, Sendable {
        let destination: String
        let type: String
        let source: String
        var options: [String] = []

        /// A directory of the host's, seen in the sandbox as a mount of its own.
        public static func volume(_ directory: FilePath, at destination: String) -> Mount {
            Mount(destination: destination, type: "bind", source: directory.string, options: ["rw"])
        }

        /// What every node needs: devices and `/run` in memory, and the kernel's own file systems.
        static let system = [
            Mount(destination: "/proc", type: "proc", source: "proc"),
            Mount(destination: "/dev", type: "tmpfs", source: "tmpfs"),
            Mount(destination: "/sys", type: "sysfs", source: "sysfs"),
            Mount(destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup"),
            Mount(destination: "/run", type: "tmpfs", source: "tmpfs"),
        ]
    }

    /// What runsc calls the container of a bundle: each has a state folder of its own, and so one name does for all.
    public static let container = "node"

    /// The bundle's folder.
    public let path: FilePath
    /// The root file system's folder.
    public var root: FilePath { path.appending("rootfs") }

    /// Makes an empty bundle.
    ///
    /// - Throws: `FileError`.
    public init(at path: FilePath) throws(FileError) {
        self.path = path
        try Files.makeDirectory(path.appending("rootfs"))
    }

    /// Writes `config.json`.
    ///
    /// - Throws: `FileError`.
    public func configure(arguments: [String], environment: [String: String], volumes: [Mount] = []) throws {
        let process = Specification.Process(args: arguments, env: environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        let specification = Specification(process: process, mounts: Mount.system + volumes)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try Files.write(try encoder.encode(specification), to: path.appending("config.json"))
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
        /// A node is the administrator of its sandbox: every capability in every set.
        let capabilities = Dictionary(
            uniqueKeysWithValues: ["bounding", "effective", "inheritable", "permitted", "ambient"].map { ($0, Capability.all) })
    }

    struct Root: Encodable {
        let path = "rootfs"
        let readonly = false
    }

    struct Linux: Encodable {
        struct Namespace: Encodable { let type: String }

        let namespaces = ["pid", "ipc", "uts", "mount"].map(Namespace.init)
    }

    let ociVersion = "1.0.2"
    let process: Process
    let root = Root()
    let hostname = "node"
    let mounts: [Bundle.Mount]
    let linux = Linux()
}

/// The names of capabilities(7) that runsc knows.
private enum Capability {
    static let all = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT",
        "SYS_PTRACE",
        "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE",
        "AUDIT_CONTROL", "SETFCAP", "SYSLOG",
    ].map { "CAP_\($0)" }
}
