import Grading
import Host
import Model
import Sandbox

/// The first two programs in the sandbox. The first one probes the node and reports. The second one, on the node's side, prepares and
/// starts the node in its own PID and mount namespaces. The node cannot see the prober, and so cannot answer in its own favor.
package enum NodeScript {
    // Both programs contain paths as complete shell words; nothing in the programs quotes them again.

    /// The first program, for busybox's shell. The node's log goes to standard output; reports for the harness go to standard error,
    /// marked.
    ///
    /// - Parameters:
    ///   - interval: seconds between two rounds of probes.
    ///   - folder: an empty folder that is not the node's; a file system that only this program sees is mounted there.
    ///   - busybox: the path of busybox.
    ///   - node: the path of the second program.
    ///   - deadlines: its timeouts.
    static func text(
        interval: Int = 1, folder: String = Bundle.askFolder, busybox: String = "/bin/busybox", node: String = "/init-node",
        at paths: NodePaths = .sandbox, deadlines: Deadlines = Deadlines()
    ) -> String {
        let words = [
            "@INTERVAL@": "\(interval)", "@FOLDER@": folder.shellQuoted, "@BUSYBOX@": busybox.shellQuoted, "@NODE@": node.shellQuoted,
            "@PROBE_SECONDS@": deadlines.whole(.probeAnswer), "@SIGNS@": showing.replacingAll(["@SEARCH@": paths.search]),
        ]
        return asking.replacingAll(words)
    }

    /// The second program, for busybox's shell. It reports on descriptor 3, which the node does not inherit.
    ///
    /// - Parameters:
    ///   - modification: changes to the node besides its binary.
    ///   - deadlines: its timeouts.
    ///   - clearing: lines that prepare the environment for a kubelet; they may use `fail`, and must set `$work` to a working folder.
    static func node(
        for profile: NodeSpec.Profile, modification: NodeModification = NodeModification(), folder: String = Bundle.askFolder,
        busybox: String = "/bin/busybox",
        clearing: String = sandbox, at paths: NodePaths = .sandbox, deadlines: Deadlines = Deadlines()
    ) -> String {
        let program = NodeProgram.of(profile, at: paths)
        let words = [
            "@SEARCH@": paths.search, "@CONTAINERD@": paths.containerd, "@CLEARING@": clearing, "@PROGRAM@": program.path,
            "@VERSION@": profile.versionPrefix, "@PREPARATION@": program.preparation,
            "@LOADING@": program.loading, "@START@": modification.prefix + program.start, "@FOLDER@": folder.shellQuoted,
            "@BUSYBOX@": busybox.shellQuoted,
            "@APPROACH@": modification.preparation, "@AFTERMATH@": modification.aftermath,
            "@VERSION_SECONDS@": deadlines.whole(.nodeVersion),
            "@CONTAINERD_TRIES@": "\(Int(deadlines[.containerdStart] * 10))",
        ]
        return preparing.replacingAll(words)
    }

    /// The beginning of every first program, for busybox's shell: it reports the sandbox's properties.
    package static let signs = showing.replacingAll(["@SEARCH@": NodePaths.sandbox.search])

    private static let showing = """
        #!/bin/sh
        export PATH=@SEARCH@ HOME=/root
        say() { echo "\(NodeFact.mark)$*" >&2; }
        say stage prepare
        gvisor=$(dmesg | grep -m 1 -i gvisor) && say gvisor "$gvisor"
        while read -r _ point type _; do
          case "$point" in / | \(NodePath.kubelet) | /sys/fs/cgroup | /sys/fs/cgroup/*) say mount "$point" "$type" ;; esac
        done < /proc/mounts
        """

    /// Lines that prepare a sandbox that was created for the node. kubelet reads the kernel's messages, and gVisor has none.
    static let sandbox = """
        work=/tmp
        ln -sf /dev/null /dev/kmsg || fail "cannot link /dev/kmsg"
        """

    /// Nothing that runs on the node's side may be able to change the programs that probe it. The probing programs therefore have their own
    /// root on a file system that is unmounted on the node's side, so that changes to its mount point do not affect them. The shell that
    /// waits for the node's side looks up no names while that side runs: the rest of the script is one command, which the shell reads
    /// before it runs.
    private static let asking = """
        @SIGNS@
        fail() { say failed "$*"; exit 125; }
        mkdir -p @FOLDER@ && mount -t tmpfs tmpfs @FOLDER@ || fail "cannot mount a file system of the first program's own"
        mkdir @FOLDER@/dev && : > @FOLDER@/dev/null && cp @BUSYBOX@ @FOLDER@/busybox || fail "cannot copy busybox"
        for name in sh timeout wget fold mkfifo cat nsenter; do ln -s busybox @FOLDER@/"$name"; done
        # A program that needs libraries would load the node's.
        said=$(chroot @FOLDER@ /busybox true 2>&1) || fail "busybox does not run in a root of its own; it must be a static program: $said"
        cat > @FOLDER@/ask <<'END'
        PATH=/
        say() { echo "\(NodeFact.mark)$*" >&2; }
        # timeout, because Debian 12's static busybox dies of wget's own -T. A file has a limit, in blocks of 512 bytes.
        ask() {
          say ask "$1"
          (ulimit -f "$2"; exec timeout @PROBE_SECONDS@ wget -q -O - "$3") > /answer 2>&1
          # The part of an answer that came before its time was up is none.
          [ $? -lt 124 ] || echo '\(NodeFact.noAnswer)' > /answer
        }
        mkfifo /never
        exec 5<> /never
        say stage \(NodeFact.nodeStage)
        (
          # What waits without a program of its own costs a sandbox nothing.
          while :; do
            read -r -t @INTERVAL@ _ <&5
            [ -e /asks ] || continue
            ask healthz 8 http://127.0.0.1:10248/healthz
            text=
            while IFS= read -r line || [ -n "$line" ]; do text="$text $line"; done < /answer
            printf '\(NodeFact.mark)probe healthz %.1000s\n' "${text# }" >&2
            # In pieces: the kernel writes up to 4096 bytes at once, and two may write.
            ask summary \(NodeChannel.longestAnswer / 512) http://127.0.0.1:10255/stats/summary
            fold -b -w 3000 /answer | while IFS= read -r piece || [ -n "$piece" ]; do say part summary "$piece"; done
            say answered summary
          done
        ) < /never &
        probes=$!
        echo > /gate
        while IFS= read -r line; do
          printf '\(NodeFact.mark)told %.2000s\n' "$line" >&2
          [ "$line" != 'stage kubelet' ] || : > /asks
        done
        # The probes write on the same channel: they are silent before the last line is written.
        kill "$probes"
        wait "$probes"
        END
        cat > @FOLDER@/end <<'END'
        read -r status
        while read -r _; do :; done
        echo >&2
        echo "\(NodeFact.mark)exit $status" >&2
        END
        # For who comes into the sandbox later: the node's own mounts, where the words that follow are run, with a /proc of the process ids that they
        # have, which are not the node's: gVisor lets nobody enter those.
        cat > @FOLDER@/enter <<'END'
        for stat in /proc/[0-9]*/stat; do
          read -r process _ _ parent _ 2>/dev/null < "$stat" || continue
          if [ "$parent" = "$(@FOLDER@/cat @FOLDER@/parent)" ]; then exec @FOLDER@/nsenter -t "$process" -m /bin/busybox unshare -m /bin/sh -c '/bin/busybox mount -t proc proc /proc && exec "$@"' sh "$@"; fi
        done
        echo "the node's processes are gone" >&2
        exit 69
        END
        mkfifo @FOLDER@/gate || fail "cannot make a FIFO"
        exec 4>&1
        {
          {
            {
              read -r _ < @FOLDER@/gate
              sh -c 'echo $$ > "$0/parent"; exec unshare -m -p -f "$1" sh "$2"' @FOLDER@ @BUSYBOX@ @NODE@ 3>&1 >&4 2>&4 4>&- 6>&-
              echo "$?" >&6
            } | chroot @FOLDER@ /sh /ask 4>&- 6>&-
          } 6>&1 | chroot @FOLDER@ /sh /end 4>&-
          exit 0
        }

        """

    private static let preparing = """
        export PATH=@SEARCH@ HOME=/root
        say() { echo "$*" >&3; }
        fail() { say failed "$*"; exit 125; }
        # A process that has ended and was not waited for is still there, as a zombie.
        lives() { read -r _ _ state _ 2>/dev/null < "/proc/$1/stat" && [ "$state" != Z ]; }
        umount @FOLDER@ || fail "cannot leave the first program's file system"
        # Not over the one that is there: under it the first program's processes would be seen. As often as it is mounted, since gVisor takes one
        # umount more for the root's. busybox's mount needs no /proc.
        stacked=0
        while read -r _ point _; do [ "$point" != /proc ] || stacked=$((stacked + 1)); done < /proc/mounts
        while [ "$stacked" -gt 0 ]; do
          @BUSYBOX@ umount -l /proc || fail "cannot leave the first program's /proc"
          stacked=$((stacked - 1))
        done
        said=$(@BUSYBOX@ mount -t proc proc /proc 2>&1) || fail "cannot mount /proc: $said"

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
        version=$(timeout @VERSION_SECONDS@ @PROGRAM@ --version 2>&1 < /dev/null 3>&- | head -n 1 | cut -c 1-300)
        say version "$version"
        case "$version" in "@VERSION@"*) ;; *) exit 0 ;; esac
        @PREPARATION@

        say stage containerd
        # Who waits for it tells of its end as it comes.
        (
          containerd -c @CONTAINERD@ > /run/containerd.log 2>&1 3>&-
          tail -n 5 /run/containerd.log | while read -r line; do say containerd "$line"; done
          say containerd-gone
        ) &
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
        @START@ 2>&1 3>&- &
        kubelet=$!
        @AFTERMATH@
        wait "$kubelet"
        status=$?
        tail -n 5 /run/containerd.log | while read -r line; do say containerd "$line"; done
        lives "$containerd" || say containerd-gone
        exit "$status"

        """
}

extension Deadlines {
    /// A deadline as an argument of timeout(1): whole seconds, rounded up.
    package func whole(_ deadline: Deadline) -> String { "\(Int(self[deadline].rounded(.up)))" }
}
