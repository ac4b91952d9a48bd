import FoundationEssentials
import Glibc
import Model
import Subprocess
import SystemPackage
import Testing

@testable import FileSystem
@testable import Host

@Suite("A jail's user")
struct JailUserTests {
    @Test("a user is one that the namespace has")
    func mapped() {
        #expect(Jail.isMapped(0x6E70_0000, in: "         0          0 4294967295\n"))
        #expect(!Jail.isMapped(0x6E70_0000, in: "         0     100000      65536\n"))
        #expect(Jail.isMapped(65534, in: "0 1000 1\n1 100000 65535\n"))
        #expect(!Jail.isMapped(5, in: "") && !Jail.isMapped(5, in: "x y z\n"))
    }
}

/// Requires root and a kernel that supports namespaces and mounts.
@Suite("The real thing: a program in a jail", .timeLimit(.minutes(2)))
struct RealJailTests {
    private let folder: Folder
    private let host: Host

    init() throws {
        folder = try Folder()
        host = Host(environment: ["PATH": "/usr/bin:/bin"], workspace: folder.path, project: folder.path, isRoot: true)
        for name in ["jail", "own", "shown", "hidden"] { try Files.makeDirectory(folder.path.appending(name)) }
        for name in ["shown", "hidden"] { try Files.write(name, to: folder.path.appending(name).appending("file"), mode: 0o666) }
        chmod(folder.path.appending("shown").string, 0o777)
    }

    private func run(_ script: String, hasNetwork: Bool = false) async throws -> String {
        let own = folder.path.appending("own")
        let jail = Jail(
            in: folder.path.appending("jail"), user: Jail.newUser(), readable: [folder.path.appending("shown")], writable: [own],
            hasNetwork: hasNetwork)
        try jail.give([own])
        let command = Command("/bin/sh", ["-c", script], environment: ["PATH": "/usr/bin:/bin"], directory: own, on: host)
        return try await jail.confined(command).output()
    }

    @Test("it is nobody, may nothing, sees what it is shown, and writes where it is let")
    func confined() async throws {
        let said = try await run(
            """
            exec 2> /dev/null
            [ "$(id -u)" != 0 ] && [ "$(id -g)" != 0 ] && [ "$(id -G | wc -w)" = 1 ] && echo nobody
            grep -q "CapBnd:.0000000000000000" /proc/self/status && grep -q "NoNewPrivs:.1" /proc/self/status && echo powerless
            pwd
            cat \(folder.path)/shown/file; cat \(folder.path)/hidden/file
            echo x > \(folder.path)/shown/file || echo read-only; echo x > \(folder.path)/shown/new || echo no new file
            echo x > /usr/new || touch /new || echo no root; echo mine > \(folder.path)/own/file && echo written
            echo x > /tmp/x && echo room to work
            ls /root /home /etc/shadow /run /sys /var || echo nothing else; echo 1 > /proc/sys/kernel/panic || echo no switch
            ls /proc | grep -c '^[0-9]'
            """)
        let lines = said.split(separator: "\n").map(String.init)
        #expect(
            lines.dropLast() == [
                "nobody", "powerless", "\(folder.path)/own", "shownread-only", "no new file", "no root", "written", "room to work",
                "nothing else",
                "no switch",
            ], "\(said)")
        // Only its shell and the shell's children, and none of the machine's processes.
        #expect(try #require(lines.last.flatMap { Int($0) }) < 6)
        #expect(try Files.readText(folder.path.pushing("shown/file")) == "shown")
        #expect(Files.names(in: folder.path.appending("shown")) == ["file"])
        #expect(Files.names(in: folder.path.appending("jail")).isEmpty, "nobody else sees what was mounted")
    }

    @Test("its network is a loopback, or the command's own")
    func network() async throws {
        let links = "ip -o link | cut -d: -f2 | tr -d ' '; ip -o address show dev lo | grep -c 127.0.0.1"
        #expect(try await run(links) == "lo\n1\n")
        let own = try await Command("/bin/sh", ["-c", "ip -o link | wc -l"], environment: ["PATH": "/usr/sbin:/usr/bin:/bin"], on: host)
            .output()
        #expect(try await run("ip -o link | wc -l", hasNetwork: true) == own)
    }

    @Test("the launcher puts a program that lies anywhere into the jail, with its arguments as they are")
    func launcher() async throws {
        let program = folder.path.pushing("hidden/program")
        try Files.write("#!/bin/sh\nid -u; printf '%s|' \"$@\"; ls \(folder.path)/hidden\n", to: program, mode: 0o755)
        let jail = Jail(in: folder.path.appending("jail"), user: 4242, readable: [], hasNetwork: false)
        let launcher = folder.path.appending("launcher")
        try Files.write(jail.launcher(), to: launcher, mode: 0o755)
        let said = try await Command(
            launcher, [program.string, "a b", "'", "$x"], environment: ["PATH": "/usr/bin:/bin"], directory: folder.path, on: host
        ).output()
        #expect(said == "4242\na b|'|$x|program\n")
    }

    @Test("when who started it is killed, it is gone")
    func killed() async throws {
        let own = folder.path.appending("own")
        let jail = Jail(in: folder.path.appending("jail"), user: 4242, readable: [], writable: [own], hasNetwork: false)
        try jail.give([own])
        let command = Command(
            "/bin/sh", ["-c", "echo ready; exec sleep 600"], environment: ["PATH": "/usr/bin:/bin"], directory: own, on: host)
        let confined = jail.confined(command)
        _ = try await confined.watch(0) { _, event, _ in
            if case .line(.output, _) = event { return .stop }
            return .proceed
        }
        for _ in 0..<500 where !Self.members(of: own).isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        #expect(Self.members(of: own).isEmpty)
    }

    /// The processes whose working directory is a folder.
    private static func members(of folder: FilePath) -> [String] {
        Files.names(in: "/proc").filter { Int32($0) != nil && Files.linkTarget(FilePath("/proc/\($0)/cwd")) == folder.string }
    }
}
