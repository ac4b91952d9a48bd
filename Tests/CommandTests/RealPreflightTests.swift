import Foundation
import Model
import Testing

/// Tests `ninepin preflight` in the actual environments: a prediction must agree with real boots.
@Suite("The place that ninepin runs in", .real())
struct RealPreflightTests {
    @Test(
        "gVisor is known in each layout, with its file systems and the cgroup files that it lacks", arguments: SandboxFixture.Kind.allCases)
    func inside(_ kind: SandboxFixture.Kind) async throws {
        let place = try await RealWorkspace.linked(["tools"])
        let room = try await SandboxFixture(place)
        try await room.builtProgram()
        let found = try await room.run(["/opt/ninepin/bin/ninepin", "preflight", "--json"], in: kind)
        #expect(found.status == 0, "\(found.errors)")
        try expectDocument(found.output, is: "preflight")
        let document = try found.json()
        let words = { (section: String, key: String) in (document[section] as? [String: Any])?[key] as? String }
        #expect(words("sandbox", "kind") == (kind == .runc ? "container" : "gvisor"))
        let missing = try #require((document["cgroup"] as? [String: Any])?["missing"] as? [String])
        guard kind != .runc else { return }
        #expect(words("root", "type") == (kind == .rootOverlay ? "overlay" : "9p"))
        #expect(words("root", "source") == "none")
        #expect(words("kubelet", "mountPoint") == (kind == .volume9p ? "/var/lib/kubelet" : "/"))
        #expect(missing.first == "cpuacct.usage_percpu")
        #expect(missing.contains("memory.stat"))
        let helping = try #require(document["patches"] as? [[String: Any]]).filter { $0["helps"] as? Bool == true }
            .compactMap { $0["name"] as? String }
        #expect(helping.contains("libcontainer/percpu"))
        #expect(helping.contains("cadvisor/9p-source") == (kind == .volume9p))
        #expect(!helping.contains("cadvisor/9p-line"))
        // A program that starts other programs does so here too, each in its own namespaces.
        let doctor = try await room.run(["/opt/ninepin/bin/ninepin", "doctor"], in: kind)
        #expect(doctor.status == 69, "\(doctor.output)\(doctor.errors)")
        #expect(doctor.output.hasPrefix("platform: ") && doctor.output.contains("project"), "\(doctor.output)")
        #expect(!doctor.output.contains("8589934591"), "\(doctor.output)")
    }

    @Test(
        "in each layout the prediction is the verdict of a real boot of the stock kubelet",
        arguments: [SandboxFixture.Kind.root9p, .rootOverlay, .volume9p])
    func prediction(_ kind: SandboxFixture.Kind) async throws {
        let place = try await RealWorkspace.linked()
        _ = try await RealWorkspace.build(place.tool, "kubelet-1.20", ["--series", "none"])
        let stock = try place.tool.run(["run", "--series", "none", "--layout", kind.rawValue, "--json"])
        #expect(stock.status == 1, "\(stock.errors)")
        let verdict = try #require(try stock.json()["verdict"] as? [String: Any], "\(stock.errors)")
        #expect(verdict["grade"] as? String == "fatal")
        let room = try await SandboxFixture(place)
        try await room.builtProgram()
        #expect(try await predicted(room, kind, []) == [verdict["grade"] as? String, verdict["cause"] as? String])
    }

    @Test("on a volume the prediction for a patched kubelet is the verdict of a real boot of it")
    func patchedPrediction() async throws {
        let place = try await RealWorkspace.linked()
        let patched = ["--series", "percpu,9p-source"]
        _ = try await RealWorkspace.build(place.tool, "kubelet-1.20", patched)
        let run = try place.tool.run(["run", "kubelet-1.20", "--layout", "volume-9p", "--json"] + patched)
        let verdict = try #require(try run.json()["verdict"] as? [String: Any], "\(run.errors)")
        let room = try await SandboxFixture(place)
        try await room.builtProgram()
        #expect(try await predicted(room, .volume9p, patched) == [verdict["grade"] as? String, verdict["cause"] as? String])
        #expect(verdict["grade"] as? String == "clean")
    }

    @Test(
        "verify --sandbox here, in gVisor: what is predicted is what comes of it, and nothing is left in the sandbox",
        arguments: [
            (SandboxFixture.Kind.root9p, "none", "fatal, memory cache"), (.root9p, "percpu,9p-source", "clean"),
            (.rootOverlay, "none", "fatal, memory cache"), (.volume9p, "none", "fatal, could not find device"),
            (.volume9p, "percpu,9p-source", "clean"),
        ])
    func boots(_ kind: SandboxFixture.Kind, _ series: String, _ title: String) async throws {
        #expect(try await Self.booted(kind, series) == [title, title])
    }

    /// The prediction of `preflight`, the result of `verify --sandbox here` in the same sandbox, and whether anything is left behind in it.
    fileprivate static func booted(_ kind: SandboxFixture.Kind, _ series: String) async throws -> [String] {
        let place = try await RealWorkspace.linked()
        let kubelet = try await RealWorkspace.build(place.tool, "kubelet-1.20", ["--series", series])
        let room = try await SandboxFixture(place)
        try await room.builtProgram()
        try await room.nodePrograms()
        try room.copy(kubelet, as: "/opt/\(series)/kubelet")
        let script = """
            seen() { cat /proc/mounts; ls -d /sys/fs/cgroup/*/kubepods 2>&1; ls -A /dev /run /var/lib /var/log /var/lib/kubelet 2>&1; }
            \(running)
            before=$(seen; running)
            /opt/ninepin/bin/ninepin preflight --series '\(series)' --json
            echo @
            /opt/ninepin/bin/ninepin verify --sandbox here --binary '/opt/\(series)/kubelet' --workspace /opt/workspace --json
            echo @
            after=$(seen; running)
            [ "$before" = "$after" ] && echo same || echo "$before" "$after"
            """
        let found = try await room.run(["/bin/sh", "-c", script], in: kind)
        let parts = found.output.components(separatedBy: "@\n")
        try #require(parts.count == 3, "\(found.output)\(found.errors)")
        #expect(parts[2] == "same\n", "\(parts[2])")
        return try zip(parts, ["prediction", "verdict"]).map { text, section in
            let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)\(found.errors)")
            let part = try #require(document[section] as? [String: Any])
            return [part["grade"] as? String, part["cause"] as? String].compactMap(\.self).joined(separator: ", ")
        }
    }

    @Test("inside gVisor a node joins a control plane in the same place, runs pods, is kept, and leaves nothing")
    func joined() async throws {
        // The control plane is built outside; inside, it is found by its digests, as in a workspace copied from elsewhere.
        let place = try await RealWorkspace.withControlPlane()
        let tool = place.tool
        let room = try await SandboxFixture(place)
        try await room.builtProgram()
        try await room.nodePrograms()
        try await room.programs(
            [
                "ip": "/usr/sbin/ip", "nsenter": "/usr/bin/nsenter", "openssl": "/usr/bin/openssl", "etcd": "/usr/bin/etcd",
                "tar": "/bin/tar",
            ])
        for file in ["/etc/hosts", "/etc/passwd"] { try room.copy(file, as: file) }
        let ninepin = "/opt/ninepin/bin/ninepin"
        let script = """
            seen() { cat /proc/mounts; ls -A /dev /run /var/lib /var/log 2>&1; ls /sys/class/net; }
            \(Self.running)
            before=$(seen; running)
            \(ninepin) verify kubelet-1.20 --sandbox here --level pod --workspace '\(tool.workspace)' --json
            echo @
            \(ninepin) up kubelet-1.20 --sandbox here --name inside --workspace '\(tool.workspace)'
            \(ninepin) nodes --workspace '\(tool.workspace)'
            \(ninepin) exec inside --workspace '\(tool.workspace)' -- sh -c 'echo in the node: $(hostname)'
            \(ninepin) down inside --workspace '\(tool.workspace)'
            echo @
            after=$(seen; running)
            [ "$before" = "$after" ] && echo same || echo "$before" "$after"
            """
        let folders = [tool.workspace, try await RealWorkspace.path(), "/usr/lib/go-1.19", "/usr/share/go-1.19"]
        let found = try await Joining.scenario { try await room.run(["/bin/sh", "-c", script], in: .root9p, seeing: folders) }
        let parts = found.output.components(separatedBy: "@\n")
        try #require(parts.count == 3, "\(found.output)\(found.errors)")
        let run = try #require(try JSONSerialization.jsonObject(with: Data(parts[0].utf8)) as? [String: Any], "\(parts[0])\(found.errors)")
        let verdict = try #require(run["verdict"] as? [String: Any])
        #expect(verdict["grade"] as? String == "clean" && verdict["level"] as? String == "pod", "\(parts[0])")
        #expect(parts[1].contains("up, Ready"), "\(parts[1])\(found.errors)")
        #expect(parts[1].contains("in the node: "), "\(parts[1])\(found.errors)")
        #expect(parts[2] == "same\n", "\(parts[2])")
    }

    /// A shell function that lists running processes by name. The shell is the sandbox's first process and waits only for its own children,
    /// so ended processes with other parents stay zombies and are left out. A single program collects the list, so that it never contains
    /// parts of its own pipeline.
    private static let running = """
        running() {
            grep -h -e '^Name:' -e '^State:' /proc/[0-9]*/status > /tmp/running
            awk '/^Name:/ { name = $2 } /^State:/ && $2 != "Z" { print name }' /tmp/running | sort
        }
        """

    private func predicted(_ room: SandboxFixture, _ kind: SandboxFixture.Kind, _ series: [String]) async throws -> [String?] {
        let found = try await room.run(["/opt/ninepin/bin/ninepin", "preflight", "--json"] + series, in: kind)
        let prediction = try #require(try found.json()["prediction"] as? [String: Any], "\(found.errors)")
        return [prediction["grade"] as? String, prediction["cause"] as? String]
    }
}

/// Tests that change this machine's own kernel or examine the whole machine, run one after another.
@Suite("The place that ninepin runs in, when it is this machine", .real(), .serialized)
struct RealMachineTests {
    @Test("on this machine nothing is changed, no root is needed, and file systems and cgroups are as other programs see them")
    func machine() throws {
        let place = try ProjectFixture()
        let before = try state(place)
        let found = try place.tool.run(["preflight", "--json"])
        #expect(found.status == 0, "\(found.errors)")
        #expect(try state(place) == before)
        let document = try found.json()
        let root = try #require(document["root"] as? [String: Any])
        let table = try outcome(of: "/usr/bin/findmnt", ["-n", "-o", "FSTYPE,SOURCE", "/"]).output.split(whereSeparator: \.isWhitespace)
        #expect([root["type"] as? String, root["source"] as? String] == table.map(String.init))
        let type = try outcome(of: "/usr/bin/stat", ["-f", "-c", "%T", "/sys/fs/cgroup"]).output.trimmingCharacters(
            in: .whitespacesAndNewlines)
        let cgroup = try #require(document["cgroup"] as? [String: Any])
        #expect((cgroup["version"] as? Int == 2) == (type == "cgroup2fs"))
        let kind = try #require((document["sandbox"] as? [String: Any])?["kind"] as? String)
        #expect(["vm", "host", "container"].contains(kind))
        // The same as a user without any privileges, from another folder.
        let program = try #require(FileManager.default.contents(atPath: try Tool.program.path))
        let readable = FileManager.default.temporaryDirectory.appending(path: "ninepin-\(UUID())")
        defer { try? FileManager.default.removeItem(at: readable) }
        try program.write(to: readable)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: readable.path)
        let plain = try outcome(
            of: "/usr/bin/setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", readable.path, "preflight", "--json"])
        #expect(plain.status == 0, "\(plain.output)")
        #expect(plain.output == found.output)
        let people = try place.tool.run(["preflight"])
        #expect(people.output.split(separator: "\n").count <= 16)
        #expect(people.output.contains("kubelet 1.20.2, stock: "))
    }

    @Test("verify --sandbox here, in a container of this machine's kernel: the stock kubelet is clean, as predicted")
    func container() async throws {
        let place = try await RealWorkspace.linked()
        let before = try state(place)
        #expect(try await RealPreflightTests.booted(.runc, "none") == ["clean", "clean"])
        #expect(try state(place) == before)
    }

    @Test("verify --sandbox here, on this machine: what is predicted is what comes of it, and nothing is left")
    func verified() async throws {
        let place = try await RealWorkspace.linked()
        let stock = try await RealWorkspace.build(place.tool, "kubelet-1.20", ["--series", "none"])
        let before = try state(place)
        let here = try place.tool.run(["preflight", "--json"])
        let prediction = try #require(try here.json()["prediction"] as? [String: Any])
        let run = try place.tool.run(["verify", "--sandbox", "here", "--binary", stock, "--json"])
        try expectDocument(run.output, is: "run.schema.json")
        #expect(try run.json()["layout"] as? String == "here")
        let verdict = try #require(try run.json()["verdict"] as? [String: Any])
        #expect(verdict["grade"] as? String == prediction["grade"] as? String, "\(run.output)")
        #expect(verdict["cause"] as? String == prediction["cause"] as? String)
        #expect(try state(place) == before)
    }

    /// An environment created from this machine with separate mounts.
    struct MadePlace: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var namespaces = ["-m"]
        /// Shell code that creates it.
        let made: String
        /// Whether a node stays up there after root runs the script from `preflight --fix` inside.
        let isMended: Bool
    }

    private static let madePlaces = [
        MadePlace(testDescription: "no cgroups", made: "umount -R /sys/fs/cgroup", isMended: true),
        MadePlace(
            testDescription: "cgroups that cannot be written",
            made: "for name in cpu cpuacct cpuset memory; do mount -o remount,bind,ro /sys/fs/cgroup/$name || exit 9; done", isMended: true),
        MadePlace(
            testDescription: "a /dev/kmsg that cannot be opened",
            made: "mount -t tmpfs -o nodev tmpfs /mnt && mknod /mnt/kmsg c 1 11 && mount --bind /mnt/kmsg /dev/kmsg", isMended: false),
        MadePlace(
            testDescription: "a user namespace", namespaces: ["-U", "-r", "-m", "-p", "-f", "--mount-proc"], made: ":", isMended: false),
    ]

    @Test(
        "in a place that is made of this machine a boot comes to what is predicted, or nothing is; and to clean after what --fix prints",
        arguments: madePlaces)
    func made(_ made: MadePlace) async throws {
        let place = try await RealWorkspace.linked()
        let kubelet = try await RealWorkspace.build(place.tool, "kubelet-1.20", ["--series", "none"])
        let own = " --workspace \(place.tool.workspace) --project \(place.tool.project) 2>/dev/null"
        let ninepin = try Tool.program.path
        let look = "\(ninepin) here --json\(own)"
        let boot = "\(ninepin) verify --sandbox here --binary \(kubelet) --json\(own)"
        let mend = "\(ninepin) preflight --fix\(own) > \(place.path)/fix && sh \(place.path)/fix || exit 9"
        let script = ([made.made + " || exit 9", look, "echo @", boot] + (made.isMended ? ["echo @", mend, boot] : [])).joined(
            separator: "\n")
        let found = try outcome(of: "/usr/bin/unshare", made.namespaces + ["sh", "-c", script])
        let documents = try found.output.components(separatedBy: "@\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any], "\(found.output)")
        }
        try #require(documents.count == (made.isMended ? 3 : 2), "\(found.output)")
        let predicted = try #require(documents[0]["boot"] as? [String: Any])
        let verdicts = try documents.dropFirst().map { try #require($0["verdict"] as? [String: Any]) }
        let grade = predicted["grade"] as? String
        #expect(grade == "inconclusive" || grade == verdicts[0]["grade"] as? String, "\(found.output)")
        #expect(grade == "inconclusive" || predicted["cause"] as? String == verdicts[0]["cause"] as? String)
        if made.isMended { #expect(verdicts[1]["grade"] as? String == "clean", "\(found.output)") }
    }

    @Test(
        "on this machine Ctrl-C leaves nothing; after kill -9 nothing runs and nothing is mounted, and what is left goes with the next boot",
        arguments: [SIGINT, SIGKILL])
    func killed(_ number: Int32) async throws {
        let place = try await RealWorkspace.linked()
        let kubelet = try await RealWorkspace.build(place.tool, "kubelet-1.20", ["--series", "none"])
        let (before, mountsBefore) = (try state(place), try mounts(place))
        let arguments = ["verify", "--sandbox", "here", "--binary", kubelet]
        let (process, _, errors) = try place.tool.start(arguments, in: URL(filePath: place.path))
        for _ in 0..<1500 where process.isRunning && !FileManager.default.fileExists(atPath: "/sys/fs/cgroup/memory/kubepods") {
            try await Task.sleep(for: .seconds(0.02))
        }
        #expect(process.isRunning, "\((try? String(contentsOf: errors, encoding: .utf8)) ?? "")")
        kill(process.processIdentifier, number)
        process.waitUntilExit()
        for _ in 0..<50 where !processes(naming: place.path).isEmpty { try await Task.sleep(for: .seconds(0.1)) }
        #expect(processes(naming: place.path).isEmpty)
        #expect(try mounts(place) == mountsBefore)
        let next = try place.tool.run(["verify", "--sandbox", "here", "--binary", "/bin/ls", "--json"])
        let verdict = try #require(try next.json()["verdict"] as? [String: Any], "\(next.errors)")
        #expect(verdict["grade"] as? String == "inconclusive")
        #expect((verdict["summary"] as? String)?.contains("is not a kubelet") == true, "\(next.output)")
        #expect(try state(place) == before)
    }

    /// What `preflight` and a boot could change but nothing else does: other nodes on this machine may start and stop.
    private func state(_ place: ProjectFixture) throws -> [String] {
        let groups = try FileManager.default.contentsOfDirectory(atPath: "/sys/fs/cgroup").map { "/sys/fs/cgroup/\($0)/kubepods" }
        let places = ["/var/lib/kubelet", "/var/lib/containerd", "/dev/kmsg", "/var/log/pods", "/usr/libexec/kubernetes"]
        return try ["mounts"] + mounts(place) + (groups + places).filter(FileManager.default.fileExists)
            + outcome(of: "/usr/bin/find", places + ["-maxdepth", "1"]).output.split(separator: "\n").map(String.init)
    }

    /// Other tests' folders have mounts too.
    private func mounts(_ place: ProjectFixture) throws -> [String] {
        try String(contentsOfFile: "/proc/mounts", encoding: .utf8).split(separator: "\n").map(String.init).filter {
            ($0.contains("/var/") || $0.contains(" /run ") || $0.contains("/proc/") || $0.contains("ninepin"))
                && (!$0.contains("ninepin-place-") || $0.contains(place.path))
        }
    }
}

/// Runs one of the machine's programs to completion; returns both of its output streams as one text.
func outcome(of program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    // A file and no pipe: a pipe ends only when every process that inherited it has ended, and other tests start processes too.
    let file = FileManager.default.temporaryDirectory.appending(path: "ninepin-outcome-\(UUID())")
    try Data().write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let handle = try FileHandle(forWritingTo: file)
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: try Data(contentsOf: file), as: UTF8.self))
}
