import Foundation
import Model
import Testing

/// The output of `make dist`.
@Suite("One program", .real(minutes: 8))
struct RealDistributionTests {
    @Test("one program, for machines that have the C library and nothing else: it says so, and runs in gVisor from any folder")
    func distribution() async throws {
        let place = try await RealWorkspace.linked(["tools"])
        let made = try await Computing.inTurn { try Process.make("dist") }
        #expect(made.status == 0, "\(made.output.suffix(2000))")
        let archive = try #require(made.output.split(separator: "\n").last { $0.hasPrefix("dist/ninepin-") && $0.hasSuffix(".tar.gz") })
        let unpacked = try outcome(of: "/usr/bin/tar", ["-x", "-C", place.path, "-f", Tool.project.appending(path: String(archive)).path])
        #expect(unpacked.status == 0)
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: place.path).first { $0.hasPrefix("ninepin-") })
        let program = "\(place.path)/\(name)/bin/ninepin"
        let parts = [
            "recipes/kubelet-1.20.yaml", "patches/libcontainer/percpu/rc92.patch", "LICENSE", "README.md", "licenses/curl",
            "systemd/ninepin-nightly.service", "systemd/say-result", "ci/github-nightly.yml", "ci/gitlab-nightly.yml",
        ]
        for part in parts {
            #expect(FileManager.default.fileExists(atPath: "\(place.path)/\(name)/\(part)"), "\(part)")
        }
        let libraries = try outcome(of: "/usr/bin/ldd", [program]).output.split(separator: "\n").compactMap { line in
            line.split(whereSeparator: \.isWhitespace).first.map { $0.split(separator: "/").last.map(String.init) ?? "" }
        }
        #expect(Set(libraries.map { $0.prefix { $0 != "." && $0 != "-" } }) == ["linux", "libc", "libm", "ld"], "\(libraries)")
        let room = try await SandboxFixture(place)
        try room.copy(program, as: "/opt/ninepin/bin/ninepin")
        for library in ["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"] {
            let line = try #require(try outcome(of: "/usr/bin/ldd", [program]).output.split(separator: "\n").first { $0.contains(library) })
            let path = try #require(line.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("/") })
            try room.copy(String(path), as: String(path))
        }
        for kind in [SandboxFixture.Kind.root9p, .rootOverlay] {
            let found = try await room.run(["/bin/sh", "-c", "cd /tmp && /opt/ninepin/bin/ninepin preflight --json"], in: kind)
            #expect(found.status == 0, "\(found.errors)")
            #expect((try found.json()["sandbox"] as? [String: Any])?["kind"] as? String == "gvisor")
        }
        // It finds the recipes next to itself, starts programs, and ends properly.
        let recipes = try await room.run(["/opt/ninepin/bin/ninepin", "recipes", "list"], in: .root9p)
        #expect(recipes.status == 0, "\(recipes.errors)")
        #expect(recipes.output.contains("kubelet-1.20"))
        let doctor = try await room.run(["/opt/ninepin/bin/ninepin", "doctor"], in: .root9p)
        #expect(doctor.status == 69, "\(doctor.output)\(doctor.errors)")
    }
}

extension Process {
    /// Runs a Makefile target.
    fileprivate static func make(_ target: String) throws -> (status: Int32, output: String) {
        try outcome(of: "/usr/bin/make", ["-C", Tool.project.path, "--no-print-directory", target])
    }
}
