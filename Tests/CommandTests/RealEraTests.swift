import Foundation
import Model
import Testing

/// Kubernetes in the layout used since 1.30, which `EraShape` gives to the real tree, built with a current Go.
@Suite("Real Kubernetes in the layout of 1.36, from a repository to a verdict", .real(minutes: 6))
struct RealEraTests {
    @Test("the tree tells that it is a workspace; the stock node is fatal: memory cache, and the patched one clean")
    func verdicts() async throws {
        let tool = try await EraYard.shared()
        _ = try await RealWorkspace.build(tool, "era", ["--series", "none"], minutes: 4)
        let stock = try tool.run(["run", "era", "--series", "none", "--level", "boot", "--json"])
        #expect(stock.status == 1, "\(stock.errors)")
        let fatal = try #require(try stock.json()["verdict"] as? [String: Any], "\(stock.output)")
        #expect(fatal["grade"] as? String == "fatal" && fatal["cause"] as? String == "memory cache", "\(stock.output)")
        #expect(stock.errors.contains("the tree names Go 1.24.0 (go.work, go.mod), 1.26.4 (.go-version); using Go "), "\(stock.errors)")

        let built = try await RealWorkspace.build(tool, "era")
        let patched = try tool.run(["run", "era", "--level", "boot", "--json"])
        #expect(patched.status == 0, "\(patched.output)\(patched.errors)")
        let clean = try #require(try patched.json()["verdict"] as? [String: Any])
        #expect(clean["grade"] as? String == "clean" && clean["level"] as? String == "boot", "\(patched.output)")
        let inspected = try tool.run(["inspect", built, "--json"])
        try expectDocument(inspected.output, is: "inspect")
        let pedigree = try #require(try inspected.json()["pedigree"] as? [String: Any])
        #expect(pedigree["mode"] as? String == "workspace")
    }

    @Test("a night measures the stock node and the patched one; the next night boots neither")
    func nights() async throws {
        let place = try ProjectFixture()
        let tool = try await EraYard.shared()
        _ = try await RealWorkspace.build(tool, "era", ["--series", "none"], minutes: 4)
        _ = try await RealWorkspace.build(tool, "era")
        let manifest = try place.write(
            "era-night.yaml",
            """
            matrix:
              - recipe: era
                level: boot
                series: [none, recipe]
                layouts: [root-9p]
                expect: {none: "fatal, memory cache", recipe: clean}

            """)
        #expect(try tool.twoNights(manifest) == ["fatal, memory cache", "clean"])
    }

    @Test("after an edit of vendor/ both the edit and the patches are in the binary")
    func edited() async throws {
        let tool = try await EraYard.shared()
        _ = try await RealWorkspace.build(tool, "era", ["--series", "none"], minutes: 4)
        let plain = try await RealWorkspace.build(tool, "era")
        let run = try await Computing.inTurn(minutes: 1) { try tool.run(["build", "era@\(EraShape.editedTag)", "--json"]) }
        #expect(run.status == 0, "\(run.errors)")
        try expectDocument(run.output, is: "build")
        let document = try run.json()
        #expect(document["mode"] as? String == "workspace")
        let reached = try #require(document["reached"] as? [String])
        // The packages as named by a workspace: vendor/ is not part of a path.
        for package in ["github.com/google/cadvisor/fs", "github.com/opencontainers/runc/libcontainer/cgroups/fs"] {
            #expect(reached.contains(package), "\(reached)")
        }
        let binary = try #require((document["artifact"] as? [String: Any])?["path"] as? String)
        let said = { (path: String) in try Data(contentsOf: URL(filePath: path)).range(of: Data(EraShape.edit.utf8)) != nil }
        #expect(try said(binary) && !said(plain))
        let version = try GitFolder.run(binary, ["--version"], environment: ["PATH": "/usr/bin:/bin"])
        #expect(version.trimmed == "Kubernetes \(EraShape.editedTag)")
    }

    @Test("a recipe that says another mode or another name than the tree is an error that names both")
    func contradictions() async throws {
        let tool = try await EraYard.shared()
        for (recipe, words) in [
            ("vendored", ["says 'mode: vendor'", "vendor/modules.txt begins with '## workspace'"]),
            ("renamed", ["says 'importPath: k8s.io/other'", "'module k8s.io/kubernetes'"]),
        ] {
            let run = try await Computing.inTurn { try tool.run(["build", recipe]) }
            #expect(run.status == 65)
            for word in words { #expect(run.errors.contains(word), "\(run.errors)") }
        }
    }
}

/// The tests' own upstream: a repository in the layout of 1.36, and a recipe that fetches it.
private final class EraYard: Sendable {
    private static let once = Once<EraYard>()

    /// The folder is removed together with this object.
    private let place: ProjectFixture
    private let tool: Tool

    private init(_ place: ProjectFixture) throws {
        self.place = place
        tool = try Self.prepared(place)
        Leftovers.atExit([], folder: place.path)
    }

    /// The program, with a workspace that shares everything expensive with the others; its mirror is of the tests' own repository.
    static func shared() async throws -> Tool {
        try await once.value {
            let place = try await RealWorkspace.linked(["store", "tools", "cache"])
            return try await Computing.inTurn(minutes: 3) { try EraYard(place) }
        }.tool
    }

    private static func prepared(_ place: ProjectFixture) throws -> Tool {
        var tool = place.tool
        let tree = try #require(
            try place.tool.run(["patch", "kubelet-1.20", "--series", "none", "--json"]).json()["tree"] as? String)
        _ = try EraShape(at: "\(place.path)/era.git", kubernetes: .init(repository: "\(tool.workspace)/store/trees.git", id: tree))
        for name in ["recipes/kubelet-1.20.yaml", "patches"] {
            let copy = URL(filePath: "\(place.path)/project/\(name)")
            try FileManager.default.createDirectory(at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: Tool.project.appending(path: name), to: copy)
        }
        _ = try place.write("project/recipes/era.yaml", recipe(repository: "\(place.path)/era.git"))
        _ = try place.write("project/recipes/vendored.yaml", "extends: era\ntarget: {mode: vendor}\n")
        _ = try place.write("project/recipes/renamed.yaml", "extends: era\nimportPath: k8s.io/other\n")
        tool.project = "\(place.path)/project"
        return tool
    }

    /// The series is the old recipe's, because the code is the same.
    private static func recipe(repository: String) -> String {
        """
        extends: kubelet-1.20
        title: kubelet {version}, in the layout of 1.36
        version: 1.20.2
        source:
          git:
            url: file://\(repository)
            ref: v{version}
        toolchain: ">=1.26"
        target:
          mode: tree
          flags:
            - -ldflags=-s -w -X {vendored}k8s.io/component-base/version.gitVersion=v{version}

        """
    }
}
