import FileSystem
import FoundationEssentials
import Glibc
import Host
import Model
import SystemPackage
import Testing

@testable import GoToolchain

/// Runs as root: the tests of a tree are unreviewed code.
@Suite("The real thing: a tree's own tests, in a jail")
struct RealGoTestTests {
    @Test("they run, may not write in the tree, are nobody, and find neither a network nor what they were not shown")
    func jailed() async throws {
        let (path, host, place) = Self.place()
        defer { try? Files.remove(path) }
        for folder in [place.tree.appending("p").appending("testdata"), path.appending("tmp"), path.appending("hidden")] {
            try Files.makeDirectory(folder)
        }
        try Files.write("read me", to: place.tree.pushing("p/testdata/file"))
        try Files.write("package p\n", to: place.tree.pushing("p/p.go"))
        try Files.write(Self.tests.replacing("@HIDDEN@", with: path.appending("hidden").string), to: place.tree.pushing("p/p_test.go"))
        let go = try GoToolchain.find(try #require(VersionRange(">=1.19 <1.20")), on: host)
        let test = GoTest(
            Target(package: "p", environment: ["CGO_ENABLED": "0"]), at: place, with: go, temporary: path.appending("tmp"), on: host)
        let results = try await test.run(["p"]) { _ in }
        let passed = results.filter { $0.outcome == .pass && !$0.test.isEmpty }.map(\.test).sorted()
        #expect(passed == ["TestHidden", "TestLoopback", "TestNetwork", "TestReads", "TestUser", "TestWrites"], "\(results)")
        #expect(Files.names(in: place.tree.appending("p")) == ["p.go", "p_test.go", "testdata"])
    }

    @Test("a folder without tests is named as that, and not as a command that ended well")
    func noTests() async throws {
        let (path, host, place) = Self.place()
        defer { try? Files.remove(path) }
        for folder in [place.tree.appending("p"), path.appending("tmp")] { try Files.makeDirectory(folder) }
        try Files.write("package p\n", to: place.tree.pushing("p/p.go"))
        let go = try GoToolchain.find(try #require(VersionRange(">=1.19 <1.20")), on: host)
        let test = GoTest(
            Target(package: "p", environment: ["CGO_ENABLED": "0"]), at: place, with: go, temporary: path.appending("tmp"), on: host)
        let error = await #expect(throws: NoTests.self) { try await test.run(["p"]) { _ in } }
        #expect(error?.folders == ["p"])
    }

    @Test(
        "a generator of the tree's own writes its one file, which must be one, and nothing in the tree",
        arguments: [
            ("ioutil.WriteFile(file, []byte(\"package x\\n\"), 0o644)", "package x\n"), ("os.Symlink(\"/etc/shadow\", file)", nil),
            ("syscall.Mkfifo(file, 0o644)", nil), ("os.Symlink(\"/etc\", folder)", nil),
        ])
    func generator(_ action: String, _ expected: String?) async throws {
        let (path, host, place) = Self.place()
        defer { try? Files.remove(path) }
        let generator = place.tree.pushing("vendor/k8s.io/kube-openapi/cmd/openapi-gen")
        for folder in [generator, place.tree.appending("pkg"), path.appending("tmp")] { try Files.makeDirectory(folder) }
        try Files.write("package pkg\n\n// +k8s:openapi-gen=true\ntype T struct{}\n", to: place.tree.pushing("pkg/t.go"))
        try Files.write(
            Self.generator.replacing("@ACTION@", with: action).replacing("@OWN@", with: action.hasSuffix("folder)") ? "false" : "true"),
            to: generator.appending("main.go"))
        let go = try GoToolchain.find(try #require(VersionRange(">=1.19 <1.20")), on: host)
        let made = OpenAPI(at: place, with: go, temporary: path.appending("tmp"), on: host)
        if let expected {
            #expect(try await made.write("pkg/made/shadow.go") == Array(expected.utf8))
        } else {
            await #expect(throws: FileError.self) { try await made.write("pkg/made/shadow.go") }
        }
        #expect(Files.names(in: place.tree.appending("pkg")) == ["t.go"])
    }

    /// A folder that does not exist yet, with room for a tree.
    private static func place() -> (path: FilePath, host: Host, place: GoPlace) {
        let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-go-test-\(UUID())").path)
        let place = GoPlace(
            path: path.appending("gopath"), importPath: "example.org/tree", mode: .gopath, cache: path.appending("cache"),
            modules: path.appending("modules"))
        return (path, Host(environment: ["PATH": "/usr/bin:/bin"], workspace: path, project: path, isRoot: true), place)
    }

    /// It also tries to write next to the sources.
    private static let generator = """
        package main

        import (
        	"flag"
        	"io/ioutil"
        	"os"
        	"path/filepath"
        	"syscall"
        )

        var _, _ = ioutil.WriteFile, syscall.Mkfifo

        func main() {
        	base := flag.String("output-base", "", "")
        	output := flag.String("output-package", "", "")
        	name := flag.String("output-file-base", "", "")
        	for _, other := range []string{"input-dirs", "go-header-file", "report-filename"} {
        		flag.String(other, "", "")
        	}
        	flag.Bool("logtostderr", false, "")
        	flag.Parse()
        	folder := filepath.Join(*base, *output)
        	os.MkdirAll(filepath.Dir(folder), 0o755)
        	file := filepath.Join(folder, *name+".go")
        	os.WriteFile(filepath.Join(os.Getenv("GOPATH"), "src/example.org/tree/pkg/escaped.go"), nil, 0o644)
        	if @OWN@ {
        		os.MkdirAll(folder, 0o755)
        	}
        	_ = file
        	@ACTION@
        }

        """

    /// Each passes if its attempt fails.
    private static let tests = """
        package p

        import (
        	"io/ioutil"
        	"net"
        	"os"
        	"testing"
        )

        func TestReads(t *testing.T) {
        	if text, err := ioutil.ReadFile("testdata/file"); err != nil || string(text) != "read me" {
        		t.Fatal(text, err)
        	}
        }

        func TestWrites(t *testing.T) {
        	if err := ioutil.WriteFile("escaped", nil, 0o644); err == nil {
        		t.Fatal("the tree can be written")
        	}
        	if err := ioutil.WriteFile(t.TempDir()+"/x", nil, 0o644); err != nil {
        		t.Fatal(err)
        	}
        }

        func TestUser(t *testing.T) {
        	if os.Getuid() == 0 {
        		t.Fatal("root")
        	}
        }

        func TestHidden(t *testing.T) {
        	for _, path := range []string{"@HIDDEN@", "/root", "/etc/shadow", "/run", "/sys/fs/cgroup"} {
        		if _, err := os.Stat(path); err == nil {
        			t.Fatal(path)
        		}
        	}
        }

        func TestNetwork(t *testing.T) {
        	links, err := net.Interfaces()
        	if err != nil || len(links) != 1 {
        		t.Fatal(links, err)
        	}
        }

        func TestLoopback(t *testing.T) {
        	listener, err := net.Listen("tcp", "127.0.0.1:0")
        	if err != nil {
        		t.Fatal(err)
        	}
        	if _, err := net.Dial("tcp", listener.Addr().String()); err != nil {
        		t.Fatal(err)
        	}
        }

        """
}
