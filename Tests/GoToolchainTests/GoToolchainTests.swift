import FileSystem
import FoundationEssentials
import Host
import Model
import SystemPackage
import Testing

@testable import GoToolchain

@Suite("Go")
struct GoToolchainTests {
    @Test("what the compiler says comes back as file, line, column and message")
    func diagnostics() throws {
        let found = try #require(GoDiagnostic("vendor/example.org/x/fs.go:12:3: undefined: thing"))
        #expect(found.file == "vendor/example.org/x/fs.go" && found.line == 12 && found.column == 3 && found.message == "undefined: thing")
        #expect(GoDiagnostic("./main.go:7: syntax error")?.file == "main.go")
        #expect(GoDiagnostic("./main.go:7: syntax error")?.column == nil)
        for other in ["# k8s.io/kubernetes/pkg", "k8s.io/kubernetes/pkg/kubelet", "go: cannot find GOROOT directory", ""] {
            #expect(GoDiagnostic(other) == nil)
        }
    }

    @Test("the newest release of a range is found by its VERSION file, and no go is started")
    func finds() throws {
        let folder = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-go-\(UUID())").path)
        defer { try? Files.remove(folder) }
        try Files.makeDirectory(folder.appending("bin"))
        // Starting it would fail the test, because it is not a program.
        try Files.write("not a program", to: folder.appending("bin/go"), mode: 0o755)
        try Files.write("go1.99.3\ntime 2026-01-01T00:00:00Z\n", to: folder.appending("VERSION"))
        let host = Host(environment: ["PATH": folder.appending("bin").string], workspace: folder, project: folder, isRoot: false)
        let go = try GoToolchain.find(#require(VersionRange(">=1.99 <2")), on: host)
        #expect(go.version.description == "1.99.3")
        #expect(go.identity.hasPrefix("go1.99.3 linux/"))
        let error = #expect(throws: GoMissing.self) { try GoToolchain.find(#require(VersionRange(">=3")), on: host) }
        #expect(error?.description.contains("1.99.3 in \(folder)") == true)
        #expect(error?.description.contains("./setup") == true)
    }
}
