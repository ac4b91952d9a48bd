import Foundation
import Model
import Testing

@Suite("Downloads that nobody knows, on the command line")
struct DownloadCommandTests {
    private let place: ProjectFixture
    private let recipe: String

    init() throws {
        place = try ProjectFixture()
        _ = try place.write("root/bin/tool", "#!/bin/sh\n")
        _ = try place.write("root/etc/networks", "loopback 127.0.0.0\n")
        try GitFolder.run(
            "/bin/tar", ["-cf", "\(place.path)/root.tar", "-C", "\(place.path)/root", "."], environment: ["PATH": "/usr/bin:/bin"])
        recipe = try place.write(
            "mine.yaml",
            """
            extends: \(Tool.project.path)/recipes/k3s.yaml
            source: {archive: {addresses: ["file:///no/such/archive.tar"], sha256: \(String(repeating: "0", count: 64))}}
            toolchain: "*"
            downloads:
              k3s-root: {addresses: ["file://\(place.path)/root.tar"], sha256: unknown}
              plugins: {addresses: ["file://\(place.path)/root.tar"], tree: unknown}

            """)
    }

    @Test(
        "every command that builds a package names the downloads and both ways, before it fetches anything; trusted, it goes on",
        arguments: ["build", "run", "matrix", "verify", "up"])
    func unknown(_ command: String) throws {
        let found = try place.tool.run([command, recipe])
        #expect(found.status == 65, "\(found.errors)")
        for word in ["'k3s-root'", "'plugins'", "--trust-downloads", "recipes lock mine@1.34.9+k3s1"] {
            #expect(found.errors.contains(word), "\(word): \(found.errors)")
        }
        let trusted = try place.tool.run(["build", recipe, "--trust-downloads"])
        #expect(trusted.status == 69 && trusted.errors.contains("/no/such/archive.tar"), "\(trusted.errors)")
    }

    @Test("a locked recipe extends the other, and says what came")
    func locked() throws {
        let pinned = "\(place.path)/pinned.yaml"
        let written = try place.tool.run(["recipes", "lock", recipe, "--output", pinned])
        #expect(written.status == 0, "\(written.errors)")
        let printed = try place.tool.run(["recipes", "lock", recipe])
        #expect(printed.output == (try String(contentsOfFile: pinned, encoding: .utf8)), "\(printed.errors)")
        try expectDocument(try place.tool.run(["recipes", "lock", recipe, "--json"]).output, is: "recipes-lock")
        let shown = try place.tool.run(["recipes", "show", pinned, "--json"])
        try expectDocument(shown.output, is: "recipes-show")
        let downloads = try #require(try shown.json()["downloads"] as? [String: [String: Any]], "\(shown.errors)")
        let digest = try sha256sum("\(place.path)/root.tar")
        #expect(downloads.count == 2 && downloads.values.allSatisfy { $0["sha256"] as? String == digest }, "\(downloads)")
        let built = try place.tool.run(["build", pinned])
        #expect(built.status == 69 && built.errors.contains("/no/such/archive.tar"), "\(built.errors)")
    }

    @Test("a locked recipe is not written over the one that it extends", arguments: ["mine.yaml", "pinned", "pinned.yml"])
    func refused(_ name: String) throws {
        let found = try place.tool.run(["recipes", "lock", recipe, "--output", "\(place.path)/\(name)"])
        #expect(found.status == 64, "\(found.errors)")
    }

    @Test("the project's own recipe knows the plugins of every era by their content, and says what it leaves out")
    func own() throws {
        for (version, root, tree) in [
            ("1.20.8+k3s1", "v0.8.1", "43bbb286618d8dbb0da186f9b373743333440e88"),
            ("1.21.2+k3s1", "v0.8.1", "43bbb286618d8dbb0da186f9b373743333440e88"),
            ("1.28.7+k3s1", "v0.12.2", "e38359da1a4e39b1ac6c2447fd5db1431e40c25c"),
            ("1.33.1+k3s1", "v0.15.0", "228c583940101d7a651878137524552241be1652"),
            ("1.35.0+k3s3", "v0.15.0", "39afd56c295eb737e3a3ae474a9f30a4caf09208"),
            ("1.36.2+k3s1", "v0.15.0", "dd8a887ecbff819bd2b6b6dc7ae0783008ff76c1"),
        ] {
            let shown = try place.tool.run(["recipes", "show", "k3s@\(version)", "--json"])
            let document = try shown.json()
            let downloads = try #require(document["downloads"] as? [String: [String: Any]], "\(shown.errors)")
            #expect(downloads["plugins"]?["tree"] as? String == tree && downloads["plugins"]?["sha256"] == nil, "\(version)")
            let addresses = downloads["k3s-root"]?["addresses"] as? [String] ?? []
            #expect(addresses.count == 1 && addresses.allSatisfy { $0.contains("/\(root)/") }, "\(version)")
            #expect((downloads["k3s-root"]?["sha256"] == nil) == (root != "v0.15.0"), "\(version)")
            let leftOut = try #require(document["leftOut"] as? [String: String])
            #expect(leftOut["flannel"] != nil && leftOut["runc"] != nil, "\(leftOut)")
            // go:embed was added in 1.34.
            #expect((leftOut["manifests"] != nil) == ["1.35", "1.36"].contains(String(version.prefix(4))), "\(version)")
        }
    }
}
