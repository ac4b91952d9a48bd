import FileSystem
import FoundationEssentials
import GoToolchain
import Host
import Model
import Node
import Platforms
import Sources
import Store
import SystemPackage
import Testing

@testable import Building
@testable import Proving

/// A machine with a project of one recipe, and with the programs that a test puts there.
private struct Room {
    let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-doctor-\(UUID())").path)

    /// - Parameter go: the recipe's range of Go releases.
    init(go: String = ">=1.0") throws {
        try Files.makeDirectory(path.appending("project/patches"))
        try Files.makeDirectory(path.appending("project/recipes"))
        try Files.makeDirectory(path.appending("etc"))
        try Files.makeDirectory(path.appending("bin"))
        try Files.write(
            """
            title: t
            version: 1.0.0
            importPath: example.org/t
            source: {git: {url: "https://example.org/t", ref: "v{version}"}}
            upstreams: {libcontainer: {path: l, version: "1.1.5"}}
            toolchain: "\(go)"
            target: {package: cmd/t, mode: vendor}
            node: {profile: kubelet}

            """, to: path.appending("project/recipes/t.yaml"))
        try Files.write("ID=fedora\nVERSION_ID=44\n", to: path.appending("etc/os-release"))
    }

    func close() { try? Files.remove(path) }

    func program(_ name: String, _ script: String) throws {
        try Files.write("#!/bin/sh\n\(script)\n", to: path.appending("bin").appending(name), mode: 0o755)
    }

    func host(isRoot: Bool = true) -> Host {
        Host(
            environment: ["PATH": path.appending("bin").string], workspace: path.appending("workspace"), project: path.appending("project"),
            isRoot: isRoot, machine: path)
    }

    func recipe() throws -> Recipe { try Catalogue(host()).recipe("t") }

    func missing(_ host: Host) async throws -> [String] {
        try await Doctor.look(at: host, for: Doctor.all(on: host)).filter(\.stopsRun).map(\.detail)
    }
}

@Suite("What the doctor misses")
struct DoctorTests {
    @Test("crun is missed only in a sandbox with cgroup v2; elsewhere it is a note, and where it is, its path is told")
    func crun() throws {
        #expect(throws: Doctor.Absent.self) { try Doctor.crun(at: nil, in: .v2) }
        for cgroup in [CgroupVersion.v1, nil] { #expect(try Doctor.crun(at: nil, in: cgroup).contains("needed only for this")) }
        #expect(try Doctor.crun(at: "/usr/bin/crun", in: .v2) == "/usr/bin/crun")
    }

    @Test("whatever a run refuses to begin with is what the doctor calls missing, in the same words", .timeLimit(.minutes(2)))
    func agreement() async throws {
        let room = try Room(go: ">=9.9")
        defer { room.close() }
        func refusal(isRoot: Bool = true, _ body: (Host) async throws -> Void) async throws {
            let host = room.host(isRoot: isRoot)
            let error = await #expect(throws: (any Error).self) { try await body(host) }
            let words = "\(try #require(error))"
            let missing = try await room.missing(host)
            #expect(missing.contains(words), "\(words) is not in \(missing)")
        }
        let recipe = try room.recipe()
        let build: (Host) async throws -> Void = { _ = try await BuildPrerequisites(recipe, on: $0, events: { _ in }) }
        let boot: (Host) async throws -> Void = { _ = try await BootPrerequisites(on: $0) }
        try await refusal(build)  // no pip
        try room.program("python3", "echo 'Available versions: 1.27.3, 1.26.6'")
        try await refusal(build)  // no release fits
        try await refusal(isRoot: false, boot)
        try await refusal(boot)  // no runsc
        try room.program("runsc", "echo runsc version release-20200101.0")
        try await refusal(boot)  // too old
        try room.program("runsc", "echo runsc version release-20260817.0")
        try await refusal(boot)  // no programs for a node
        // The source: no mirror.
        try await refusal { host in
            _ = try await DebianIndex(suite: "bookworm", in: room.path.appending("apt"), scratch: room.path.appending("scratch"), on: host)
        }
    }

    @Test("a Go that a build would install is not missing, and the index is asked once for all recipes")
    func goOffered() async throws {
        let room = try Room(go: ">=1.90")
        defer { room.close() }
        let recipe = try Files.readText(room.path.appending("project/recipes/t.yaml"))
        try Files.write(recipe, to: room.path.appending("project/recipes/u.yaml"))
        let asked = room.path.appending("asked")
        try room.program("python3", "echo x >> '\(asked)'; echo 'Available versions: 1.99.3, 1.26.6'")
        let host = room.host()
        let found = try await Doctor.look(at: host, for: Doctor.building(["t", "u"], on: host)).filter { $0.name.hasPrefix("Go for") }
        #expect(
            found.count == 2 && found.allSatisfy { $0.isHere && $0.detail.hasPrefix("1.99.3, which the first build installs") }, "\(found)")
        #expect(try Files.readText(asked) == "x\n")
    }

    @Test("without a project it says so, with what to do, and looks for everything else")
    func noProject() async throws {
        let room = try Room()
        defer { room.close() }
        try Files.remove(room.path.appending("project"))
        let host = room.host()
        let findings = try await Doctor.look(at: host, for: Doctor.all(on: host))
        let project = try #require(findings.first { $0.name == "project" })
        #expect(!project.isHere && project.stopsRun && project.detail.contains("--project DIR"))
        #expect(findings.contains { $0.name == "runsc" } && findings.contains { $0.name == "dpkg-source" })
    }

    @Test("what only a control plane or the approaches need stops no run")
    func needs() {
        for (need, stops) in [(Finding.Need.build, true), (.boot, true), (.project, true), (.controlPlane, false), (.approaches, false)] {
            #expect(Finding(name: "x", need: need, isHere: false, detail: "").stopsRun == stops)
            #expect(!Finding(name: "x", need: need, isHere: true, detail: "").stopsRun)
        }
    }

    @Test("a message of several lines is one line of the table, without escapes")
    func line() {
        let finding = Finding(name: "x", need: .build, isHere: false, detail: "no Go is here\n    Run ./setup.")
        #expect(finding.line == "no Go is here; Run ./setup.")
        #expect(Finding(name: "x", need: .build, isHere: false, detail: "it failed:\n    why\n").line == "it failed: why")
        #expect(Finding(name: "x", need: .build, isHere: true, detail: "").line.isEmpty)
    }

    @Test("space is told in GiB, and the numbers of a file system without a limit, such as gVisor's, are not")
    func space() {
        #expect(Doctor.space(5 << 30) == "5 GiB free")
        #expect(Doctor.space(.max) == "no limit is known" && Doctor.space(8_589_934_591 << 30) == "no limit is known")
        #expect(Doctor.space(nil) == "an unknown amount is free")
    }

    @Test("the platform is that of the machine, from either place of os-release, and a machine without it is unknown")
    func platform() throws {
        let room = try Room()
        defer { room.close() }
        #expect(
            try Doctor.platform(of: room.host()).description.hasPrefix("fedora 44 on \(Architecture.machine.rawValue): supported, planned"))
        try Files.makeDirectory(room.path.appending("usr/lib"))
        try Files.rename(room.path.appending("etc/os-release"), to: room.path.appending("usr/lib/os-release"))
        #expect(try Doctor.platform(of: room.host()).id == "fedora")
        try Files.remove(room.path.appending("usr"))
        #expect(try Doctor.platform(of: room.host()).status == .unknown)
    }

    @Test("for every program that is missing, the package that has it is told")
    func packages() {
        for program in Doctor.programs + ["apt-get", "apt-cache", "crun"] {
            #expect(Doctor.Absent(program: program).description.contains("or install the package "), "\(program)")
        }
        #expect(Doctor.package(of: "/usr/bin/dpkg-source") == "dpkg-dev" && Doctor.package(of: "x") == nil)
    }

    @Test("every program that the sources start by its path in /usr/bin is one that the doctor looks for")
    func programs() throws {
        let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let sources = project.appending(path: "Sources")
        let files = try FileManager.default.subpathsOfDirectory(atPath: sources.path).filter { $0.hasSuffix(".swift") }
        var found = Set<String>()
        for file in files {
            let text = try String(contentsOf: sources.appending(path: file), encoding: .utf8)
            found.formUnion(text.matches(of: /"(\/usr\/bin\/[a-z0-9-]+)[" ]/).map { String($0.1) })
        }
        // The path inside a node's root file system, which the check of a node's programs covers.
        found.remove("/usr/bin/containerd")
        #expect(found.subtracting(Doctor.programs).isEmpty && found.count > 3, "\(found)")
    }
}
