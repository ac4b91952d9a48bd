import FileSystem
import Glibc
import SystemPackage

/// An environment for an untrusted program that cannot run in a sandbox with its own kernel. The program runs as a user that owns nothing,
/// without capabilities or a way to gain any, in its own PID, mount, IPC and UTS namespaces, and with a root file system that contains only
/// the machine's programs and the given paths. The kernel is the machine's.
package struct Jail: Sendable {
    /// The user and group ID, used by nobody else.
    package let user: UInt32
    private let folder: FilePath
    private let readable: [FilePath]
    private let writable: [FilePath]
    private let hasNetwork: Bool

    /// Describes a jail without creating anything.
    ///
    /// - Parameters:
    ///   - folder: an empty directory on which the root file system is mounted, visible to the program only.
    ///   - user: see ``newUser()``.
    ///   - readable: files and directories that the program sees at the same path, read-only.
    ///   - writable: directories that it may write to; they belong to the user.
    ///   - hasNetwork: whether it uses the command's network; otherwise it has only a loopback interface of its own.
    package init(in folder: FilePath, user: UInt32, readable: [FilePath], writable: [FilePath] = [], hasNetwork: Bool) {
        self.folder = folder
        self.user = user
        self.readable = readable
        self.writable = writable
        self.hasNetwork = hasNetwork
    }

    /// A user ID that probably no user of the machine and no other jail has; in a user namespace, one that the namespace maps
    /// (user_namespaces(7)).
    package static func newUser() -> UInt32 {
        let wanted = 0x6E70_0000 + UInt32.random(in: 0..<0x1_0000)
        let map = (try? Files.readText("/proc/self/uid_map")) ?? ""
        return isMapped(wanted, in: map) ? wanted : nobody
    }

    private static let nobody: UInt32 = 65534

    /// Whether a user namespace's table maps a user. Each line has the first ID inside, the first ID outside, and their number.
    static func isMapped(_ user: UInt32, in map: String) -> Bool {
        map.split(separator: "\n").contains { line in
            let fields = line.split(whereSeparator: \.isWhitespace).compactMap { UInt64($0) }
            return fields.count == 3 && UInt64(user) >= fields[0] && UInt64(user) < fields[0] + fields[2]
        }
    }

    /// Changes the owner of files and directories to the user.
    ///
    /// - Throws: `FileError`.
    package func give(_ paths: [FilePath]) throws(FileError) {
        for path in paths where lchown(path.string, user, user) != 0 { throw Files.error("change the owner of", path, errno) }
    }

    /// The command inside the jail. Requires root.
    package func confined(_ command: Command) -> Command {
        var confined = command
        confined.program = "/bin/sh"
        confined.arguments = words + [command.program.string] + command.arguments
        confined.isContained = true
        return confined
    }

    /// A script that runs a program with arguments inside the jail and makes the program visible there; for tools that start other programs
    /// by name.
    package func launcher() -> String {
        let namespaces = "/usr/bin/unshare --pid --fork --kill-child --mount-proc --"
        let quoted = words.dropLast().map(\.shellQuoted).joined(separator: " ")
        return "#!/bin/sh\nexec \(namespaces) /bin/sh \(quoted) \"r:$1\" -- \"$@\"\n"
    }

    private var words: [String] {
        ["-c", Self.script, "jail", folder.string, "\(user)", hasNetwork ? "" : "--net"] + readable.map { "r:\($0)" }
            + writable.map { "w:\($0)" } + ["--"]
    }

    /// Arguments: ROOT USER NETWORK [r:PATH | w:PATH]... -- PROGRAM [ARGUMENT]...
    private static let script = #"""
        set -eu
        umask 022
        root=$1 user=$2 network=$3 here=$PWD path=$PATH
        export PATH=/usr/sbin:/usr/bin:/sbin:/bin
        shift 3
        mount -t tmpfs -o mode=0755,size=8m,nosuid,nodev ninepin "$root"
        for name in /bin /sbin /lib /lib64; do
          if [ -L "$name" ]; then ln -s "$(readlink "$name")" "$root$name"; elif [ -d "$name" ]; then set -- "r:$name" "$@"; fi
        done
        set -- r:/usr "$@"
        mkdir "$root/proc" "$root/dev" "$root/tmp" "$root/etc"
        mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
        mount -t tmpfs -o mode=1777,size=2g,nosuid,nodev ninepin "$root/tmp"
        for name in null zero full random urandom; do : > "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
        printf 'root:x:0:0:root:/:/bin/sh\nninepin:x:%s:%s:ninepin:/tmp:/bin/sh\n' "$user" "$user" > "$root/etc/passwd"
        printf '127.0.0.1 localhost\n' > "$root/etc/hosts"
        if [ -f /etc/ld.so.cache ]; then cp /etc/ld.so.cache "$root/etc/"; fi
        while [ "$1" != -- ]; do
          shown=${1#?:}
          if [ ! -e "$root$shown" ]; then
            if [ -d "$shown" ]; then mkdir -p "$root$shown"; else mkdir -p "$root${shown%/*}"; : > "$root$shown"; fi
          fi
          mount --bind "$shown" "$root$shown"
          case $1 in
            r:*) mount -o remount,bind,ro,nosuid,nodev "$root$shown" ;;
            *) mount -o remount,bind,nosuid,nodev "$root$shown" ;;
          esac
          shift
        done
        shift
        mount -o remount,ro,nosuid,nodev "$root"
        enter='if [ "$1" = --net ]; then ip link set lo up; fi
        cd "$2" 2> /dev/null || cd /
        user=$3 PATH=$4
        shift 4
        exec /usr/bin/setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all --pdeathsig KILL -- "$@"'
        exec unshare --ipc --uts $network -- chroot "$root" /bin/sh -c "$enter" jail "$network" "$here" "$user" "$path" "$@"
        """#
}
