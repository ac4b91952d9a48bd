import Foundation
import Testing

/// `ninepin here`, in the places themselves: a prediction is worth what real boots say of it.
@Suite("The place that ninepin runs in", .serialized)
struct RealHereTests {
    @Test("on this machine nothing is changed, no root is needed, and file systems and cgroups are as other programs see them")
    func machine() throws {
        let place = try Place()
        let before = try state()
        let found = try place.tool.run(["here", "--json"])
        #expect(found.status == 0, "\(found.errors)")
        #expect(try state() == before)
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
        // The same from somebody who may do nothing, from another folder.
        let program = try #require(FileManager.default.contents(atPath: try Tool.program.path))
        let readable = FileManager.default.temporaryDirectory.appending(path: "ninepin-\(UUID())")
        defer { try? FileManager.default.removeItem(at: readable) }
        try program.write(to: readable)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: readable.path)
        let plain = try outcome(
            of: "/usr/bin/setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", readable.path, "here", "--json"])
        #expect(plain.status == 0, "\(plain.output)")
        #expect(plain.output == found.output)
        let people = try place.tool.run(["here"])
        #expect(people.output.split(separator: "\n").count <= 16)
        #expect(people.output.contains("kubelet 1.20.2, stock: "))
    }

    @Test("gVisor is known in each layout, with its file systems and the cgroup files that it lacks", arguments: SandboxRoom.Kind.allCases)
    func inside(_ kind: SandboxRoom.Kind) async throws {
        let place = try Place()
        try place.linkTools()
        let room = try await SandboxRoom(place)
        try await room.builtProgram()
        let found = try await room.run(["/opt/ninepin/bin/ninepin", "here", "--json"], in: kind)
        #expect(found.status == 0, "\(found.errors)")
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
        // A program that starts programs does so here too, each in its own namespaces.
        let doctor = try await room.run(["/opt/ninepin/bin/ninepin", "doctor"], in: kind)
        #expect(doctor.status == 69, "\(doctor.output)\(doctor.errors)")
    }

    @Test("in each layout the prediction is the verdict of a real boot: of the stock kubelet, and of a patched one")
    func prediction() async throws {
        let place = try Place()
        try place.linkTools()
        let tool = try Tool.sharing()
        let stock = try tool.run(["matrix", "kubelet-1.20", "--series", "none", "--json"])
        #expect(stock.status == 0, "\(stock.errors)")
        let cells = try #require(try stock.json()["cells"] as? [[String: Any]])
        let room = try await SandboxRoom(place)
        try await room.builtProgram()
        for kind in [SandboxRoom.Kind.root9p, .rootOverlay, .volume9p] {
            let cell = try #require(cells.first { $0["layout"] as? String == kind.rawValue })
            let verdict = [cell["grade"] as? String, cell["cause"] as? String]
            #expect(verdict[0] == "fatal")
            #expect(try await predicted(room, kind, []) == verdict, "\(kind)")
        }
        let patched = ["--series", "percpu,9p-source"]
        let run = try tool.run(["run", "kubelet-1.20", "--layout", "volume-9p", "--json"] + patched)
        let verdict = try #require(try run.json()["verdict"] as? [String: Any])
        #expect(try await predicted(room, .volume9p, patched) == [verdict["grade"] as? String, verdict["cause"] as? String])
        #expect(verdict["grade"] as? String == "clean")
        try await boots(place, tool: tool, room: room)
    }

    /// `verify --sandbox here`, in gVisor, in runc, and on the machine itself.
    private func boots(_ place: Place, tool: Tool, room: SandboxRoom) async throws {
        try await room.nodePrograms()
        var kubelets: [String: String] = [:]
        for series in ["none", "percpu,9p-source"] {
            let built = try tool.run(["build", "kubelet-1.20", "--series", series, "--json"])
            let path = try #require((try built.json()["artifact"] as? [String: Any])?["path"] as? String, "\(built.errors)")
            kubelets[series] = path
            try room.copy(path, as: "/opt/\(series)/kubelet")
        }
        let expected: [(kind: SandboxRoom.Kind, series: String, title: String)] = [
            (.root9p, "none", "fatal, memory cache"), (.root9p, "percpu,9p-source", "clean"), (.rootOverlay, "none", "fatal, memory cache"),
            (.volume9p, "none", "fatal, could not find device"), (.volume9p, "percpu,9p-source", "clean"), (.runc, "none", "clean"),
        ]
        let before = try state()
        for (kind, series, title) in expected { #expect(try await booted(room, kind, series) == [title, title], "\(kind), \(series)") }
        let stock = try #require(kubelets["none"])
        let here = try place.tool.run(["here", "--json"])
        let prediction = try #require(try here.json()["prediction"] as? [String: Any])
        let run = try place.tool.run(["verify", "--sandbox", "here", "--binary", stock, "--json"])
        try validate(run.output, schema: "run")
        #expect(try run.json()["layout"] as? String == "here")
        let verdict = try #require(try run.json()["verdict"] as? [String: Any])
        #expect(verdict["grade"] as? String == prediction["grade"] as? String, "\(run.output)")
        #expect(verdict["cause"] as? String == prediction["cause"] as? String)
        #expect(try state() == before)
        try killed(place, stock, before: before)
    }

    /// Ctrl-C leaves nothing; after kill -9 nothing runs and nothing is mounted, and what is left goes with the next boot.
    private func killed(_ place: Place, _ kubelet: String, before: [String]) throws {
        let mountsBefore = try mounts()
        for number in [SIGINT, SIGKILL] {
            let arguments = ["verify", "--sandbox", "here", "--binary", kubelet]
            let (process, _, errors) = try place.tool.start(arguments, in: URL(filePath: place.path))
            for _ in 0..<1500 where process.isRunning && !FileManager.default.fileExists(atPath: "/sys/fs/cgroup/memory/kubepods") {
                Thread.sleep(forTimeInterval: 0.02)
            }
            #expect(process.isRunning, "\((try? String(contentsOf: errors, encoding: .utf8)) ?? "")")
            kill(process.processIdentifier, number)
            process.waitUntilExit()
            for _ in 0..<50 where !processes(naming: place.path).isEmpty { Thread.sleep(forTimeInterval: 0.1) }
            #expect(processes(naming: place.path).isEmpty)
            #expect(try mounts() == mountsBefore)
        }
        let next = try place.tool.run(["verify", "--sandbox", "here", "--binary", "/bin/ls", "--json"])
        let verdict = try #require(try next.json()["verdict"] as? [String: Any], "\(next.errors)")
        #expect(verdict["grade"] as? String == "inconclusive")
        #expect((verdict["summary"] as? String)?.contains("no kubelet") == true, "\(next.output)")
        #expect(try state() == before)
    }

    /// What `here` predicts, what `verify --sandbox here` finds in the same sandbox, and that nothing is left in it.
    private func booted(_ room: SandboxRoom, _ kind: SandboxRoom.Kind, _ series: String) async throws -> [String] {
        let script = """
            seen() { cat /proc/mounts; ls -d /sys/fs/cgroup/*/kubepods 2>&1; ls -A /dev /run /var/lib /var/log /var/lib/kubelet 2>&1; }
            \(Self.running)
            before=$(seen; running)
            /opt/ninepin/bin/ninepin here --series '\(series)' --json
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
        let tool = try Tool.sharing()
        // The control plane is built outside: inside it is found by its digests, as in a workspace that somebody brought along.
        let built = try tool.run(["run", "--level", "ready", "--json"])
        #expect(built.status == 0, "\(built.errors)")
        let place = try Place()
        try place.linkTools()
        let room = try await SandboxRoom(place)
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
        let found = try await room.run(
            ["/bin/sh", "-c", script], in: .root9p, seeing: [tool.workspace, "/usr/lib/go-1.19", "/usr/share/go-1.19"])
        let parts = found.output.components(separatedBy: "@\n")
        try #require(parts.count == 3, "\(found.output)\(found.errors)")
        let run = try #require(try JSONSerialization.jsonObject(with: Data(parts[0].utf8)) as? [String: Any], "\(parts[0])\(found.errors)")
        let verdict = try #require(run["verdict"] as? [String: Any])
        #expect(verdict["grade"] as? String == "clean" && verdict["level"] as? String == "pod", "\(parts[0])")
        #expect(parts[1].contains("up, Ready"), "\(parts[1])\(found.errors)")
        #expect(parts[1].contains("in the node: "), "\(parts[1])\(found.errors)")
        #expect(parts[2] == "same\n", "\(parts[2])")
    }

    @Test("one program, for machines that have the C library and nothing else: it says so, and runs in gVisor from any folder")
    func distribution() async throws {
        let place = try Place()
        try place.linkTools()
        let made = try Process.make("dist")
        #expect(made.status == 0, "\(made.output.suffix(2000))")
        let archive = try #require(made.output.split(separator: "\n").last { $0.hasPrefix("dist/ninepin-") && $0.hasSuffix(".tar.gz") })
        let unpacked = try outcome(of: "/usr/bin/tar", ["-x", "-C", place.path, "-f", Tool.project.appending(path: String(archive)).path])
        #expect(unpacked.status == 0)
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: place.path).first { $0.hasPrefix("ninepin-") })
        let program = "\(place.path)/\(name)/bin/ninepin"
        for part in ["recipes/kubelet-1.20.yaml", "patches/libcontainer/percpu/rc92.patch", "LICENSE", "README.md", "licenses/curl"] {
            #expect(FileManager.default.fileExists(atPath: "\(place.path)/\(name)/\(part)"), "\(part)")
        }
        let libraries = try outcome(of: "/usr/bin/ldd", [program]).output.split(separator: "\n").compactMap { line in
            line.split(whereSeparator: \.isWhitespace).first.map { $0.split(separator: "/").last.map(String.init) ?? "" }
        }
        #expect(Set(libraries.map { $0.prefix { $0 != "." && $0 != "-" } }) == ["linux", "libc", "libm", "ld"], "\(libraries)")
        let room = try await SandboxRoom(place)
        try room.copy(program, as: "/opt/ninepin/bin/ninepin")
        for library in ["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"] {
            let line = try #require(try outcome(of: "/usr/bin/ldd", [program]).output.split(separator: "\n").first { $0.contains(library) })
            let path = try #require(line.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("/") })
            try room.copy(String(path), as: String(path))
        }
        for kind in [SandboxRoom.Kind.root9p, .rootOverlay] {
            let found = try await room.run(["/bin/sh", "-c", "cd /tmp && /opt/ninepin/bin/ninepin here --json"], in: kind)
            #expect(found.status == 0, "\(found.errors)")
            #expect((try found.json()["sandbox"] as? [String: Any])?["kind"] as? String == "gvisor")
        }
        // It finds its recipes beside itself, starts programs, and ends as it should.
        let recipes = try await room.run(["/opt/ninepin/bin/ninepin", "recipes", "list"], in: .root9p)
        #expect(recipes.status == 0, "\(recipes.errors)")
        #expect(recipes.output.contains("kubelet-1.20"))
        let doctor = try await room.run(["/opt/ninepin/bin/ninepin", "doctor"], in: .root9p)
        #expect(doctor.status == 69, "\(doctor.output)\(doctor.errors)")
    }

    /// A shell's list of what runs, by name. The shell is the sandbox's first process, and waits for its own children only: what has ended
    /// already and was another's child is left out. It is one program that looks, so that no list has a part of its own pipe in it.
    private static let running = """
        running() {
            grep -h -e '^Name:' -e '^State:' /proc/[0-9]*/status > /tmp/running
            awk '/^Name:/ { name = $2 } /^State:/ && $2 != "Z" { print name }' /tmp/running | sort
        }
        """

    private func predicted(_ room: SandboxRoom, _ kind: SandboxRoom.Kind, _ series: [String]) async throws -> [String?] {
        let found = try await room.run(["/opt/ninepin/bin/ninepin", "here", "--json"] + series, in: kind)
        let prediction = try #require(try found.json()["prediction"] as? [String: Any], "\(found.errors)")
        return [prediction["grade"] as? String, prediction["cause"] as? String]
    }

    /// What `here` and a boot could change, and nobody else does: another node on this machine may come and go.
    private func state() throws -> [String] {
        let groups = try FileManager.default.contentsOfDirectory(atPath: "/sys/fs/cgroup").map { "/sys/fs/cgroup/\($0)/kubepods" }
        let places = ["/var/lib/kubelet", "/var/lib/containerd", "/dev/kmsg", "/var/log/pods", "/usr/libexec/kubernetes"]
        return try ["mounts"] + mounts() + (groups + places).filter(FileManager.default.fileExists)
            + outcome(of: "/usr/bin/find", places + ["-maxdepth", "1"]).output.split(separator: "\n").map(String.init)
    }

    private func mounts() throws -> [String] {
        try String(contentsOfFile: "/proc/mounts", encoding: .utf8).split(separator: "\n").map(String.init).filter {
            $0.contains("/var/") || $0.contains(" /run ") || $0.contains("/proc/") || $0.contains("ninepin")
        }
    }
}

extension Process {
    /// Runs a target of the Makefile.
    fileprivate static func make(_ target: String) throws -> (status: Int32, output: String) {
        try outcome(of: "/usr/bin/make", ["-C", Tool.project.path, "--no-print-directory", target])
    }
}

/// Runs a program of the machine's to its end; both of its streams in one text.
func outcome(of program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, output)
}
