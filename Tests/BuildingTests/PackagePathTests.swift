import FileSystem
import FoundationEssentials
import Git
import Glibc
import Host
import Model
import SystemPackage
import Testing

@testable import Building
@testable import Store

@Suite("What is packed stays in its folder")
struct PackagePathTests {
    private func yard() throws -> (path: FilePath, host: Host) {
        let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-package-\(UUID())").path)
        try Files.makeDirectory(path.appending("store"))
        return (path, Host(environment: ["PATH": "/usr/bin:/bin"], workspace: path, project: path, isRoot: false))
    }

    private func recipe(program: String) throws -> Recipe {
        let text = """
            title: a thing
            version: 1.20.2
            importPath: example.org/x
            source: {git: {url: "https://example.org/x", ref: v1}}
            upstreams: {x: {path: .}}
            toolchain: ">=1.19"
            target: {package: cmd/x}
            node: {profile: k3s-server}
            package:
              program: \(program)
              folders: [bin, bin/deep]
              embed: pkg/data
              wrapper: {package: cmd/w}
            """
        return try Recipe(yaml: text, file: "r.yaml", name: "r")
    }

    @Test("a link among the downloads, where the package has a folder, is not gone through", arguments: ["bin/deep/x", "bin/link/x"])
    func links(program: String) async throws {
        let (path, host) = try yard()
        defer { try? Files.remove(path) }
        let outside = path.appending("outside")
        try Files.makeDirectory(outside)
        try Files.write("own", to: outside.appending("x"))
        try Files.makeDirectory(path.appending("downloads/bin"))
        for name in ["deep", "link"] { #expect(symlink(outside.string, path.appending("downloads/bin/\(name)").string) == 0) }
        try Files.makeDirectory(path.appending("tree/pkg/data"))
        try Files.write("x", to: path.appending("tree/pkg/data/embed.go"))
        try Files.write("built", to: path.appending("built"))
        let workspace = Workspace(host)
        let repository = try Repository.openOrCreateBare(at: workspace.trees.string)
        let spec = try #require(try recipe(program: program).package)
        let step = PackStep(
            tree: try repository.importTree(from: path.appending("tree").string) { _ in },
            downloads: try repository.importTree(from: path.appending("downloads").string) { _ in }, spec: spec,
            binaries: [spec.program: try Files.digest(of: path.appending("built"))], date: 0,
            paths: Unkeyed([spec.program: path.appending("built").string]))
        let scratch = try await Scratch(in: workspace.unfinished)
        let context = StepContext(host: host, workspace: workspace, scratch: scratch, note: { _ in }) { _ in }
        await #expect(throws: PackageError.self) { _ = try await step.run(in: context, folder: path.appending("result")) }
        #expect(Files.names(in: outside) == ["x"])
        #expect(try Files.readText(outside.appending("x")) == "own")
    }
}
