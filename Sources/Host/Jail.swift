import Glibc
import SystemPackage

/// A place for a program that nobody vouches for and that cannot run in a sandbox with a kernel of its own: a user that owns nothing, no
/// capabilities and no way to new ones, processes, mounts and names of its own, and a root file system that has the machine's programs, what is
/// shown to it, and nothing else. The kernel is the machine's.
package struct Jail: Sendable {
    /// The user and group, which nobody else is.
    package let user: UInt32
    private let folder: FilePath
    private let readable: [FilePath]
    private let writable: [FilePath]
    private let hasNetwork: Bool

    /// Describes a place; nothing is made.
    ///
    /// - Parameters:
    ///   - folder: an empty folder; the root file system is mounted there, for the program alone.
    ///   - user: see ``newUser()``.
    ///   - readable: files and folders that the program sees at the same place, and cannot change.
    ///   - writable: folders that it may write in; they are the user's.
    ///   - hasNetwork: whether it has the network of the command; else a loopback of its own, and nothing beyond.
    package init(in folder: FilePath, user: UInt32, readable: [FilePath], writable: [FilePath] = [], hasNetwork: Bool) {
        self.folder = folder
        self.user = user
        self.readable = readable
        self.writable = writable
        self.hasNetwork = hasNetwork
    }

    /// A number that no user of the machine is likely to have, and no other jail; within a user namespace one that it maps (user_namespaces(7)).
    package static func newUser() -> UInt32 {
        let wanted = 0x6E70_0000 + UInt32.random(in: 0..<0x1_0000)
        let map = (try? Files.readText("/proc/self/uid_map")) ?? ""
        return isMapped(wanted, in: map) ? wanted : nobody
    }

    private static let nobody: UInt32 = 65534

    /// Whether a table of a user namespace has a user: lines of the first user inside, the first outside, and how many.
    static func isMapped(_ user: UInt32, in map: String) -> Bool {
        map.split(separator: "\n").contains { line in
            let fields = line.split(whereSeparator: \.isWhitespace).compactMap { UInt64($0) }
            return fields.count == 3 && UInt64(user) >= fields[0] && UInt64(user) < fields[0] + fields[2]
        }
    }

    /// Makes files and folders the user's own.
    ///
    /// - Throws: `FileError`.
    package func give(_ paths: [FilePath]) throws(FileError) {
        for path in paths where lchown(path.string, user, user) != 0 { throw Files.error("change the owner of", path, errno) }
    }

    /// The command, put into the place. It needs root.
    package func confined(_ command: Command) -> Command {
        var confined = command
        confined.program = "/bin/sh"
        confined.arguments = words + [command.program.string] + command.arguments
        confined.isContained = true
        return confined
    }

    /// A script that puts a program and its arguments into the place, and shows it the program; for those who start others by a program's name.
    package func launcher() -> String {
        let namespaces = "/usr/bin/unshare --pid --fork --kill-child --mount-proc --"
        let quoted = words.dropLast().map(\.shellQuoted).joined(separator: " ")
        return "#!/bin/sh\nexec \(namespaces) /bin/sh \(quoted) \"r:$1\" -- \"$@\"\n"
    }

    private var words: [String] {
        ["-c", Self.script, "jail", folder.string, "\(user)", hasNetwork ? "" : "--net"] + readable.map { "r:\($0)" }
            + writable.map { "w:\($0)" } + ["--"]
    }

    /// ROOT USER NETWORK [r:PATH | w:PATH]... -- PROGRAM [ARGUMENT]...
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
