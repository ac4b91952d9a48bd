import FileSystem
import Foundation
import GoToolchain
import GoTree
import Host
import Model
import SystemPackage
import Testing

@Suite("What a binary says of itself")
struct PedigreeTests {
    private func pedigree() throws -> Pedigree {
        Pedigree(
            recipe: "kubelet-1.20", version: "1.20.2", tree: String(repeating: "a", count: 40),
            series: [.init(name: try #require(PatchName("libcontainer/percpu")), variant: "rc92")], toolchain: "go1.19.8 linux/amd64",
            mode: .gopath, flags: ["-ldflags=-s -w", "-tags=a,b"])
    }

    @Test("a pedigree is one word without a space or a quote, and is read back from it")
    func roundTrip() throws {
        let id = try pedigree().buildID()
        #expect(id.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_/".contains($0)) })
        #expect(Pedigree(buildID: id) == (try pedigree()))
        #expect(Pedigree(buildID: "abc/def") == nil)
        #expect(Pedigree(buildID: String(id.dropLast(20))) == nil)
    }

    @Test("an ELF file's note is found behind another note, and what is no ELF file or ends early has none")
    func elf() throws {
        let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-elf-\(UUID())").path)
        defer { try? Files.remove(path) }
        func number(_ value: Int, _ length: Int) -> [UInt8] { (0..<length).map { UInt8(value >> (8 * $0) & 255) } }
        func note(_ name: String, _ type: Int, _ content: String) -> [UInt8] {
            let padded = { (bytes: [UInt8]) in bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4) }
            return number(name.utf8.count, 4) + number(content.utf8.count, 4) + number(type, 4) + padded(Array(name.utf8))
                + padded(Array(content.utf8))
        }
        let notes = note("GNU\0", 3, "other") + note("Go\0\0", 4, "the/build/id")
        var file: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1] + [UInt8](repeating: 0, count: 26) + number(64, 8) + number(0, 8)
        file += number(0, 4) + number(64, 2) + number(56, 2) + number(1, 2) + number(0, 6)
        file += number(4, 4) + number(0, 4) + number(120, 8) + number(0, 16) + number(notes.count, 8) + number(0, 16) + notes
        try Files.write(file, to: path)
        #expect(try GoBuildID.read(path) == "the/build/id")
        for count in [0, 3, 63, 100, 130, file.count - 4] {
            try Files.write(Array(file.prefix(count)), to: path)
            #expect(try GoBuildID.read(path) == nil, "\(count) bytes")
        }
    }
}

@Suite("Which module versions a tree builds with")
struct ModuleVersionTests {
    @Test("vendor/modules.txt tells them, and what replaces a module is what is compiled")
    func modulesTxt() {
        let versions = ModuleVersions(
            modulesTxt: """
                # example.org/a v1.2.3
                ## explicit
                example.org/a/pkg
                # example.org/b v1.0.0 => example.org/fork v1.0.0-fork1
                # example.org/c => ./here
                """)
        #expect(versions["example.org/a"]?.description == "v1.2.3")
        #expect(versions["example.org/b"]?.description == "v1.0.0-fork1")
        #expect(versions["example.org/c"] == nil)
        #expect(versions["example.org/a/pkg"] == nil)
    }

    @Test(
        "the forms of Kubernetes' modules.txt are read: forks, folders in a module's place, a module that is named again, workspaces",
        arguments: [
            ("github.com/google/cadvisor", "v0.49.0-openshift-4.17-4"), ("github.com/opencontainers/runc", "v1.1.13"),
            ("github.com/opencontainers/cgroups", "v0.0.3"), ("k8s.io/api", "v0.36.2"), ("k8s.io/mount-utils", nil),
            ("github.com/k3s-io/kine", "v0.6.0"), ("example.org/commit", "v1.0.0-rc95.0.20210707084245-3b9f3c0b0a9d"),
        ])
    func kubernetes(_ module: String, _ version: String?) {
        let versions = ModuleVersions(
            modulesTxt: """
                ## workspace
                # github.com/google/cadvisor v0.49.0 => github.com/openshift/google-cadvisor v0.49.0-openshift-4.17-4
                ## explicit; go 1.20
                github.com/google/cadvisor/fs
                # github.com/opencontainers/runc v1.1.13
                github.com/opencontainers/runc/libcontainer/cgroups
                # github.com/opencontainers/cgroups v0.0.3
                # k8s.io/api v0.36.2 => ./staging/src/k8s.io/api
                ## explicit; go 1.26.0
                # k8s.io/api v0.0.0 => ./staging/src/k8s.io/api
                # k8s.io/mount-utils v0.0.0 => ./staging/src/k8s.io/mount-utils
                # github.com/k3s-io/kine v0.6.0 => github.com/k3s-io/kine v0.6.0
                # github.com/k3s-io/kine => github.com/k3s-io/kine v0.6.0
                # example.org/commit v1.0.0-rc95.0.20210707084245-3b9f3c0b0a9d
                """)
        #expect(versions[module]?.description == version)
    }

    @Test("a package's version is that of the module that holds it: the longest whose path it begins with")
    func package() {
        let versions = ModuleVersions(modulesTxt: "# example.org/a v1.0.0\n# example.org/a/b v2.0.0\n# example.org/ab v3.0.0\n")
        #expect(versions.version(ofPackage: "example.org/a/c")?.description == "v1.0.0")
        #expect(versions.version(ofPackage: "example.org/a/b/c")?.description == "v2.0.0")
        #expect(versions.version(ofPackage: "example.org/ab")?.description == "v3.0.0")
        #expect(versions.version(ofPackage: "example.org/x") == nil)
    }

    @Test("go.mod tells them, alone, in blocks, with comments and replacements")
    func goMod() {
        let versions = ModuleVersions(
            goMod: """
                module example.org/x
                go 1.19
                require example.org/a v1.2.3
                require (
                \texample.org/b v1.0.0 // indirect
                \texample.org/c v0.1.0
                )
                replace example.org/b => example.org/fork v1.0.1
                replace (
                \texample.org/c v0.1.0 => ../c
                )
                """)
        #expect(versions["example.org/a"]?.description == "v1.2.3")
        #expect(versions["example.org/b"]?.description == "v1.0.1")
        #expect(versions["example.org/c"]?.description == "v0.1.0")
    }
}
