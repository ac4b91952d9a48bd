import Foundation
import Model
import Testing

/// Programs that pretend to be a clean node, each in a real sandbox. The scripts are for busybox's shell, which is in a node's sandbox.
@Suite("Real impostors, each booted in gVisor", .real(minutes: 2))
struct RealImpostorTests {
    /// An impostor's behavior and the expected result.
    struct Impostor: Sendable, CustomTestStringConvertible {
        let what: String
        /// The script, which follows the functions of `beginning`.
        let script: String
        /// The expected grade and, if there is one, the cause.
        let title: String
        /// A text that the verdict must contain.
        let words: String

        var testDescription: String { what }
    }

    /// Functions for all scripts: klog lines with the right time and process, the answers of a healthy node, and one-second steps.
    private static let beginning = """
        #!/bin/sh
        case "$1" in --version) echo Kubernetes v1.20.2; exit 0 ;; --help) exit 0 ;; esac
        at() { printf '%s%s.000000 %7d %s\\n' "$1" "$2" "$$" "$3"; }
        now() { date '+%m%d %H:%M:%S'; }
        later() { date -d "@$(($(date +%s) + $1))" '+%m%d %H:%M:%S'; }
        klog() { at "$1" "$(now)" "$2"; }
        answer() {
          mkdir -p /tmp/health /tmp/stats/stats
          echo ok > /tmp/health/healthz
          echo '{"node":{"fs":{"capacityBytes":1000000}}}' > /tmp/stats/stats/summary
          busybox httpd -f -p 127.0.0.1:10248 -h /tmp/health & answering=$!
          busybox httpd -f -p 127.0.0.1:10255 -h /tmp/stats & answering="$answering $!"
        }
        error='eviction_manager.go:260] failed to get summary stats: unable to find data in memory cache'
        klog I 'server.go:416] Version: v1.20.2'
        klog I 'kubelet.go:394] Attempting to sync node with API server'

        """

    /// A normal start.
    private static let start = "answer; klog I 'server.go:1176] Started kubelet'\n"

    static let all = [
        Impostor(
            what: "the control: it does what a clean node does", script: start + "while sleep 1; do :; done", title: "clean",
            words: "runs, answers"),
        Impostor(
            what: "its start is stamped an hour ahead",
            script: "answer; at I \"$(later 3600)\" 'server.go:1176] Started kubelet'; while sleep 3; do klog E \"$error\"; done",
            title: "inconclusive, clocks", words: "disagree by"),
        Impostor(
            what: "its clock stands still",
            script: start + "stamp=$(now); while sleep 3; do at E \"$stamp\" \"$error\"; done", title: "inconclusive, clocks",
            words: "disagree by"),
        Impostor(
            what: "it starts again every three seconds",
            script: "answer; while :; do klog I 'server.go:1176] Started kubelet'; sleep 2; klog E \"$error\"; sleep 1; done",
            title: "degraded, memory cache", words: "after warm-up"),
        Impostor(
            what: "it quotes its start again and again",
            script: start + "while sleep 3; do echo 'a pod says: Started kubelet'; klog E \"$error\"; done",
            title: "degraded, memory cache",
            words: "after warm-up"),
        Impostor(
            what: "it hangs for the last nine seconds", script: start + "sleep 21; kill -STOP $answering; while sleep 1; do :; done",
            title: "degraded", words: "failed: "),
        Impostor(
            what: "its error stands beyond 64 KiB of a line",
            script: start + "long=$(head -c 70000 /dev/zero | tr '\\0' x); while sleep 3; do klog E \"$long $error\"; done",
            title: "degraded, memory cache", words: "after warm-up"),
        Impostor(
            what: "its error is split by bytes that no terminal shows",
            script: start + """
                while sleep 3; do
                  klog E "x.go:1] unable to find data$(printf '\\033[0m') in memory cache"
                  printf 'unable to fi\\000nd data in mem\\rory cache\\n'
                done
                """,
            title: "degraded, memory cache", words: "after warm-up"),
        Impostor(
            what: "it answers nothing, kills what it can see, and writes the answers to every descriptor that it finds",
            script: """
                klog I 'server.go:1176] Started kubelet'
                forge() {
                  for told in /proc/[0-9]*/fd/[0-9]*; do
                    for line in 'ask healthz' 'probe healthz ok' 'part healthz ok' 'answered healthz' 'ask summary' \\
                      'probe summary {"node":{"fs":{"capacityBytes":1}}}' 'told probe healthz ok'; do echo "@ninepin $line" >> "$told"; done
                  done 2> /dev/null
                }
                while sleep 1; do
                  mkdir -p /tmp/proc && mount -t proc proc /tmp/proc
                  for process in /proc/[0-9]* /tmp/proc/[0-9]*; do
                    process=${process##*/}
                    case "$(cat "/proc/$process/cmdline" 2> /dev/null | tr '\\0' ' ')" in *ask*|*wget*) kill -9 "$process" ;; esac
                  done 2> /dev/null
                  forge
                done
                """,
            title: "degraded", words: "/healthz failed: "),
        Impostor(
            what: "it changes the programs and the script of who asks",
            script: """
                klog I 'server.go:1176] Started kubelet'
                printf '#!/bin/sh\\necho ok\\n' > /tmp/fake
                chmod 755 /tmp/fake
                mkfifo /tmp/nothing
                for file in /init /init-node /run/ask/ask; do cat /tmp/fake > "$file"; done 2> /dev/null
                for name in busybox wget timeout head base64 sh sleep; do
                  for folder in /bin /run/ask; do cp /tmp/fake "$folder/$name.new" && mv "$folder/$name.new" "$folder/$name"; done
                done 2> /dev/null
                while :; do read -r -t 1 _ <> /tmp/nothing; done
                """,
            title: "degraded", words: "/healthz failed: "),
        Impostor(
            what: "it looks under its /proc, and writes the answers to what it finds there",
            script: """
                klog I 'server.go:1176] Started kubelet'
                umount -l /proc
                ls /proc/1/fd > /tmp/under 2> /dev/null
                for told in /proc/[0-9]*/fd/[0-9]*; do
                  for line in 'ask healthz' 'probe healthz ok' 'ask summary' 'probe summary {"node":{"fs":{"capacityBytes":1}}}'; do
                    echo "@ninepin $line" >> "$told"
                  done
                done 2> /dev/null
                mount -t proc proc /proc
                while sleep 1; do :; done
                """,
            title: "degraded", words: "/healthz failed: "),
        Impostor(
            what: "it takes the folder of who asks away, and puts programs of its own there",
            script: """
                klog I 'server.go:1176] Started kubelet'
                mv /run/ask /run/away || rmdir /run/ask || rm -rf /run/ask
                mkdir -p /run/ask
                printf '#!/bin/busybox sh\\necho "@ninepin probe healthz ok" >&2; echo ok\\n' > /tmp/fake
                chmod 755 /tmp/fake
                for name in sh sleep timeout wget fold cat chroot busybox ask end enter gate answer; do cp /tmp/fake "/run/ask/$name"; done
                while sleep 1; do :; done
                """,
            title: "degraded", words: "/healthz failed: "),
        Impostor(
            what: "it ends, and leaves something behind that answers", script: start + "exit 0", title: "fatal", words: "the node exited"),
        Impostor(
            what: "it writes that it ends, and lives",
            script: start + "klog F 'server.go:269] failed to run Kubelet: I am gone'; while sleep 1; do :; done", title: "degraded",
            words: "logged a fatal error but is still running"),
        Impostor(
            what: "it starts twice, and does all else well",
            script: start + "sleep 15; klog I 'server.go:1176] Started kubelet'; while sleep 1; do :; done", title: "degraded, restarted",
            words: "2 times"),
    ]

    @Test("is not clean, and the verdict says why; the control is clean", arguments: all)
    func impostor(_ impostor: Impostor) async throws {
        let place = try await RealWorkspace.linked()
        let path = try place.write("impostor", Self.beginning + impostor.script + "\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        let found = try place.tool.run(["verify", "--binary", path, "--json"])
        let verdict = try #require(try found.json()["verdict"] as? [String: Any], "\(found.errors)")
        let title = [verdict["grade"] as? String, verdict["cause"] as? String].compactMap(\.self).joined(separator: ", ")
        #expect(title == impostor.title, "\(found.output)")
        #expect((verdict["summary"] as? String)?.contains(impostor.words) == true, "\(found.output)")
        #expect(found.status == (impostor.title == "clean" ? 0 : 1))
        place.tool.expectNothingRuns()
    }
}
