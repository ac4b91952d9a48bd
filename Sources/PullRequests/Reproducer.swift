import Model
import Patches
import Sanitizing

/// A script that shows the fault in gVisor with runsc and Go alone, for a reviewer who does not have Ninepin.
struct Reproducer {
    /// The name of the script's file.
    static let name = "reproduce.sh"
    private static let importPath = "UPSTREAM_IMPORT_PATH"
    private static let end = "END_OF_PROGRAM"

    private let project: String
    private let home: String
    private let program: String
    private let hasVolume: Bool

    /// Creates the script of a patch that has a probe; nil for a probe that cannot stand in a shell script.
    ///
    /// - Parameters:
    ///   - home: the folder of the upstream's code in the project's tree.
    ///   - hasVolume: whether kubelet's directory must be a 9p mount of its own.
    init?(of probe: Probe, in project: Project, home: String, hasVolume: Bool) {
        let text = String(decoding: probe.source(importing: Self.importPath), as: UTF8.self)
        guard !text.split(separator: "\n").contains(where: { $0 == Self.end }) else { return nil }
        self.project = project.title
        self.home = home
        self.hasVolume = hasVolume
        program = text.hasSuffix("\n") ? text : text + "\n"
    }

    /// The shell script (POSIX).
    var text: String {
        """
        #!/bin/sh
        # Asks the code of \(Visible.line(project)) in a gVisor sandbox, with runsc and Go alone. Run it as root in a checkout, without the
        # change and with it:
        #     sh \(Self.name) [RUNSC]
        # It prints one line, and exits with 1 if that line is an error.
        set -eu
        runsc=${1:-runsc}
        cd \(ShellWord.quoted(home))
        here=$(pwd -P)
        # The import path of this folder: its module's path, and the way from the module's top. Code below vendor/ is imported without that.
        if module=$(go list -m -f '{{.Path}} {{.Dir}}' 2> /dev/null); then
            top=$(cd "${module#* }" && pwd -P)
            upstream=${module%% *}${here#"$top"}
            upstream=${upstream##*/vendor/}
        else
            top=$here
            upstream=$(go list -e -find -f '{{.ImportPath}}' .)
        fi
        cd "$top"
        program=reproduce_$$
        work=$(mktemp -d)
        trap 'rm -rf "$work" "$top/$program"' EXIT
        mkdir "$program"
        sed "s#\(Self.importPath)#$upstream#" > "$program/main.go" << '\(Self.end)'
        \(program)\(Self.end)
        mkdir -p "$work/rootfs/proc" "$work/rootfs/sys" "$work/rootfs/tmp"\(hasVolume ? #" "$work/rootfs/var/lib/kubelet" "$work/volume""# : "")
        CGO_ENABLED=0 go build -o "$work/rootfs/program" "./$program"
        cat > "$work/config.json" << END_OF_CONFIG
        {
          "ociVersion": "1.0.2",
          "process": {"user": {"uid": 0, "gid": 0}, "args": ["/program"], "cwd": "/"},
          "root": {"path": "rootfs"},
          "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs"},
            {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup"}\(hasVolume ? "," : "")
        \(hasVolume ? "    " + Self.volume + "\n" : "")  ],
          "linux": {"namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}]}
        }
        END_OF_CONFIG
        # Without an overlay, the sandbox's files are 9p mounts.
        "$runsc" --root="$work/state" --overlay2=none --network=none --ignore-cgroups run --bundle "$work" "$program"

        """
    }

    private static let volume =
        #"{"destination": "/var/lib/kubelet", "type": "bind", "source": "$work/volume", "options": ["bind", "rw"]}"#
}

extension PatchEntry {
    /// Whether the patch is for nodes whose kubelet directory is a 9p mount of its own, and for no others at some version.
    var isForVolumes: Bool {
        needs.contains { rule in rule.answer == .needed && rule.kubelet == .mount("9p") }
            && !needs.contains { rule in rule.answer == .needed && rule.kubelet == nil }
    }
}
