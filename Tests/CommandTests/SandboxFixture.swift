import class Foundation.FileManager
import class Foundation.JSONSerialization
import class Foundation.ProcessInfo
import struct Foundation.Data
import struct Foundation.URL
import struct Foundation.UUID
import FileSystem
import Host
import Model
import Sandbox
import SystemPackage
import Testing

/// The tests' own root file system with `ninepin` in it, run in gVisor or in runc like another user's sandbox.
struct SandboxFixture {
    /// The runtime and the type of its file systems.
    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case root9p = "root-9p"
        case rootOverlay = "root-overlay"
        case volume9p = "volume-9p"
        case runc

        var testDescription: String { rawValue }
    }

    let place: ProjectFixture
    private let root: RootFileSystem
    private let folder: FilePath
    private let bundle: Bundle
    private let host: Host

    /// Creates a root file system with a shell, the program, recipes and patches.
    init(_ place: ProjectFixture) async throws {
        self.place = place
        host = Host(
            environment: ProcessInfo.processInfo.environment, workspace: FilePath(place.tool.workspace),
            project: FilePath(Tool.project.path), isRoot: true)
        folder = FilePath(place.path).appending("room-\(UUID())")
        bundle = try Bundle(at: folder)
        root = RootFileSystem(at: bundle.root, on: host)
        try root.directories(["bin", "proc", "sys", "dev", "tmp", "run", "root", "var/lib", "var/log", "opt/ninepin/bin"])
        try await programs(["busybox": "/bin/busybox"])
        for applet in try outcome(of: "/bin/busybox", ["--list"]).output.split(separator: "\n") {
            try root.link("/bin/\(applet)", to: "busybox")
        }
        for name in ["recipes", "patches"] {
            try FileManager.default.copyItem(
                at: Tool.project.appending(path: name), to: URL(filePath: bundle.root.appending("opt/ninepin/\(name)").string))
        }
    }

    /// Copies this build's program with all libraries that it requires.
    func builtProgram() async throws {
        let program = FilePath(try Tool.program.path)
        try root.program(program, as: "/opt/ninepin/bin/ninepin")
        try await root.libraries(of: [program])
    }

    /// Copies a node's programs, and those that isolate its changes.
    func nodePrograms() async throws {
        let names = ["containerd", "containerd-shim-runc-v2", "ctr", "runc", "xtables-legacy-multi", "setpriv", "unshare"]
        try await programs(Dictionary(uniqueKeysWithValues: names.map { ($0, "/usr/bin/\($0)") } + [("loopback", "/usr/lib/cni/loopback")]))
        for name in ["mount", "umount"] { try await programs([name: "/usr/local/bin/\(name)"]) }
    }

    /// Copies one file without its dependencies.
    func copy(_ source: String, as path: String) throws { try root.program(FilePath(source), as: path) }

    /// Copies the machine's programs, by name and target path, with their libraries.
    func programs(_ places: [String: String]) async throws {
        for (name, place) in places {
            let source = try #require(host.program(name, alsoIn: ["/usr/lib/cni"]), "\(name) is not on this machine")
            // Writing through a link to busybox would overwrite busybox.
            try Files.remove(bundle.root.pushing(FilePath(String(place.dropFirst()))))
            try root.program(source, as: place)
            try await root.libraries(of: [source])
        }
    }

    /// Runs a command inside to completion.
    ///
    /// - Parameter folders: the machine's folders that are visible inside at the same paths.
    func run(_ arguments: [String], in kind: Kind, seeing folders: [String] = []) async throws -> Tool.Outcome {
        let state = folder.appending("state-\(UUID())")
        try Files.makeDirectory(state)
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        let volume = folder.appending("volume-\(UUID())")
        if kind == .volume9p { try Files.makeDirectory(volume) }
        try bundle.configure(
            arguments: arguments, environment: ["PATH": path, "HOME": "/root"],
            volumes: (kind == .volume9p ? [.volume(volume, at: "/var/lib/kubelet")] : [])
                + folders.map { .volume(FilePath($0), at: $0) })
        struct Heard: Sendable {
            var output = ""
            var errors = ""
        }
        let command =
            if kind == .runc { try runc(state: state) } else {
                try await Runsc.find(on: host).run(bundle, state: state, layout: kind == .rootOverlay ? .rootOverlay : .root9p, on: host)
            }
        let (heard, ended) = try await command.watch(Heard()) { heard, event, _ in
            guard case .line(let stream, let bytes) = event else { return .proceed }
            let line = String(decoding: bytes, as: UTF8.self) + "\n"
            if stream == .output { heard.output += line } else { heard.errors += line }
            return .proceed
        }
        let status: Int32 = if case .exited(let code) = ended { code } else { -1 }
        return Tool.Outcome(status: status, output: heard.output, errors: heard.errors)
    }

    /// The same bundle as a container on the machine's own kernel, with all of its cgroups visible.
    private func runc(state: FilePath) throws -> Command {
        let file = bundle.path.appending("config.json")
        var document = try #require(try JSONSerialization.jsonObject(with: Data(try Files.read(file))) as? [String: Any])
        var mounts = try #require(document["mounts"] as? [[String: Any]]).filter { $0["destination"] as? String != "/sys/fs/cgroup" }
        mounts.append([
            "destination": "/sys/fs/cgroup", "type": "bind", "source": "/sys/fs/cgroup", "options": ["rbind", "rw"],
        ])
        document["mounts"] = mounts
        // A machine may itself lack capabilities; then no process in it can have them.
        var process = try #require(document["process"] as? [String: Any])
        let sets = try #require(process["capabilities"] as? [String: [String]])
        let held = try self.held()
        process["capabilities"] = sets.mapValues { names in
            // The specification lists them by number up to SETFCAP, 31; CAP_SYSLOG is 34 (capabilities(7)).
            names.enumerated().filter { number, name in held & 1 << UInt64(name == "CAP_SYSLOG" ? 34 : number) != 0 }.map(\.element)
        }
        document["process"] = process
        try Files.write(try JSONSerialization.data(withJSONObject: document), to: file)
        let program = try #require(host.program("runc"))
        return Command(
            program, ["--root", state.string, "run", "--bundle", bundle.path.string, "ninepin-\(UInt32.random(in: 0...UInt32.max))"],
            environment: host.plainEnvironment, on: host)
    }

    private func held() throws -> UInt64 {
        let status = String(decoding: try Files.read("/proc/self/status"), as: UTF8.self).split(separator: "\n")
        let line = try #require(status.first { $0.hasPrefix("CapBnd:") })
        return try #require(line.split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0, radix: 16) })
    }
}
