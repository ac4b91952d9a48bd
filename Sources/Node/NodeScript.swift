import Grading
import Model

/// The first program in the sandbox. Kubelet's log goes to standard output; what the harness must know goes to standard error, marked.
enum NodeScript {
    /// The script, for busybox's shell.
    ///
    /// - Parameters:
    ///   - interval: seconds between two rounds of probes.
    ///   - approach: what is changed beside the source.
    ///   - deadlines: how long it waits for what.
    ///   - clearing: lines that clear the way for a kubelet, which may use `fail`, and leave a folder to work in in `$work`.
    static func text(
        for profile: NodeSpec.Profile, interval: Int = 1, approach: ApproachPlan = .none, clearing: String = sandbox,
        deadlines: Deadlines = Deadlines()
    ) -> String {
        let program = NodeProgram.of(profile)
        let words = [
            "@CLEARING@": clearing, "@PROGRAM@": program.path, "@VERSION@": profile.versionPrefix, "@PREPARATION@": program.preparation,
            "@LOADING@": program.loading, "@START@": approach.start(program.start), "@INTERVAL@": "\(interval)",
            "@APPROACH@": approach.preparation, "@AFTERMATH@": approach.aftermath,
            "@VERSION_SECONDS@": deadlines.whole(.nodeVersion), "@PROBE_SECONDS@": deadlines.whole(.probeAnswer),
            "@CONTAINERD_TRIES@": "\(Int(deadlines[.containerdStart] * 10))",
        ]
        return words.reduce(script) { $0.replacing($1.key, with: $1.value) }
    }

    /// How every script begins, for busybox's shell: what the sandbox shows of itself.
    static let signs = """
        #!/bin/sh
        export PATH=/usr/local/bin:/usr/bin:/bin:/sbin:/usr/sbin HOME=/root
        say() { echo "\(NodeFact.mark)$*" >&2; }
        say stage prepare
        gvisor=$(dmesg | grep -m 1 -i gvisor) && say gvisor "$gvisor"
        while read -r _ point type _; do
          case "$point" in / | /var/lib/kubelet | /sys/fs/cgroup/*) say mount "$point" "$type" ;; esac
        done < /proc/mounts
        """

    /// What clears the way in a sandbox that was made for the node: kubelet reads the kernel's messages, and gVisor has none.
    static let sandbox = """
        work=/tmp
        ln -sf /dev/null /dev/kmsg || fail "cannot link /dev/kmsg"
        """

    /// The script of a node.
    private static let script = """
        \(signs)
        fail() { say failed "$*"; exit 125; }
        # A process that has ended and was not waited for is still there, as a zombie.
        lives() { read -r _ _ state _ 2>/dev/null < "/proc/$1/stat" && [ "$state" != Z ]; }

        @CLEARING@
        # kubelet sets these switches; gVisor refuses.
        mkdir -p "$work/sys/vm" "$work/sys/kernel/keys"
        cp -r /proc/sys/vm/. "$work/sys/vm/" 2>/dev/null
        cp -r /proc/sys/kernel/. "$work/sys/kernel/" 2>/dev/null
        echo 1 > "$work/sys/vm/overcommit_memory"
        echo 0 > "$work/sys/vm/panic_on_oom"
        echo 10 > "$work/sys/kernel/panic"
        echo 1 > "$work/sys/kernel/panic_on_oops"
        echo 1000000 > "$work/sys/kernel/keys/root_maxkeys"
        echo 25000000 > "$work/sys/kernel/keys/root_maxbytes"
        mount --bind "$work/sys/vm" /proc/sys/vm && mount --bind "$work/sys/kernel" /proc/sys/kernel || fail "cannot mount over /proc/sys"

        @APPROACH@
        say stage version
        version=$(timeout @VERSION_SECONDS@ @PROGRAM@ --version 2>&1 < /dev/null | head -n 1 | cut -c 1-300)
        say version "$version"
        case "$version" in "@VERSION@"*) ;; *) exit 0 ;; esac
        @PREPARATION@

        say stage containerd
        containerd -c /etc/containerd.toml > /run/containerd.log 2>&1 &
        containerd=$!
        tries=0
        until [ -S /run/containerd/containerd.sock ]; do
          tries=$((tries + 1))
          if [ "$tries" -gt @CONTAINERD_TRIES@ ] || ! lives "$containerd"; then
            tail -n 5 /run/containerd.log | while read -r line; do say containerd "$line"; done
            fail "containerd does not start"
          fi
          sleep 0.1
        done
        @LOADING@

        say stage kubelet
        @START@ 2>&1 &
        kubelet=$!
        @AFTERMATH@
        (
          # timeout, because Debian 12's static busybox dies of wget's own -T.
          while sleep @INTERVAL@; do
            say probe healthz "$(timeout @PROBE_SECONDS@ wget -q -O - http://127.0.0.1:10248/healthz 2>&1 | tr '\\n' ' ' | head -c 300)"
            say probe summary "$(timeout @PROBE_SECONDS@ wget -q -O - http://127.0.0.1:10255/stats/summary 2>&1 | tr '\\n' ' ' | head -c 60000)"
            lives "$containerd" || say containerd-gone
          done
        ) &
        probes=$!
        wait "$kubelet"
        status=$?
        # The probes write on the same channel: they are silent before the last line is written.
        kill "$probes"
        wait "$probes"
        echo >&2
        tail -n 5 /run/containerd.log | while read -r line; do say containerd "$line"; done
        lives "$containerd" || say containerd-gone
        say exit "$status"

        """
}

extension Deadlines {
    /// A deadline as timeout(1) takes it: whole seconds, and not one less.
    func whole(_ deadline: Deadline) -> String { "\(Int(self[deadline].rounded(.up)))" }
}
