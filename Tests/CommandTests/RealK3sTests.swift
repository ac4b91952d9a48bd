import Foundation
import Testing

/// k3s in the shape of its two eras: the repository is the tests' own (see `K3sShape`), the Kubernetes in it is Debian's whole and real one. The
/// recipe is the project's own; the tests' one, which extends it, says only where things come from here.
@Suite("Real k3s-shaped builds, from a repository to a verdict", .serialized)
struct RealK3sTests {
    @Test("both eras of k3s: the stock build is fatal, the patched one clean, and its artifact unpacks itself and tells its pedigree")
    func eras() async throws {
        let place = try Place()
        let tool = try prepared(place)
        let shape = try shape(place, tool)
        let served = "\(place.path)/shape"
        try Loopback.certify(in: place.path)
        let daemon = try Loopback.git(served)
        let secure = try Loopback.web(served, script: "\(place.path)/serve-https.py", certificate: place.path)
        let web = try Loopback.web(try archives(place), script: "\(place.path)/serve-http.py")
        _ = try place.write("project/recipes/k3s.yaml", try recipe(place, shape, web: web.port))
        // The first era comes over git://, the second over https.
        try era(place, tool, K3sShape.vendoredTag, mirror: "git://127.0.0.1:\(daemon.port)/k3s.git", mode: "gopath")
        try era(place, tool, K3sShape.modulesTag, mirror: "https://localhost:\(secure.port)/k3s.git", mode: "modules")
        withExtendedLifetime((daemon, secure, web)) {}
    }

    @Test("the project's own recipe makes up no digest that nobody knows")
    func unknownDigest() throws {
        let place = try Place()
        for version in ["v1.20.15+k3s1", "v1.34.9+k3s1"] {
            let shown = try place.tool.run(["recipes", "show", "k3s@\(version)", "--json"])
            #expect(shown.status == 0, "\(shown.errors)")
            let downloads = try #require(try shown.json()["downloads"] as? [String: [String: Any]])
            #expect(downloads["plugins"]?["sha256"] == nil)
        }
    }

    private func prepared(_ place: Place) throws -> Tool {
        try FileManager.default.createDirectory(atPath: place.tool.workspace, withIntermediateDirectories: true)
        let tools = Tool.project.appending(path: "Workspace/tools").path
        if FileManager.default.fileExists(atPath: tools) {
            try FileManager.default.createSymbolicLink(atPath: "\(place.tool.workspace)/tools", withDestinationPath: tools)
        }
        _ = try place.write("project/recipes/compress.yaml", Self.compress)
        try FileManager.default.createSymbolicLink(
            atPath: "\(place.path)/project/patches", withDestinationPath: Tool.project.appending(path: "patches").path)
        try FileManager.default.createSymbolicLink(
            atPath: "\(place.path)/project/recipes/kubelet-1.20.yaml",
            withDestinationPath: Tool.project.appending(path: "recipes/kubelet-1.20.yaml").path)
        var tool = place.tool
        tool.project = "\(place.path)/project"
        // The machine may name an authority of its own for git, which goes before git's settings.
        tool.environment = [
            "GIT_CONFIG_GLOBAL": "\(place.path)/gitconfig", "GIT_CONFIG_NOSYSTEM": "1", "GIT_SSL_CAINFO": "\(place.path)/cert.pem",
        ]
        return tool
    }

    private func shape(_ place: Place, _ tool: Tool) throws -> K3sShape {
        let trees = try ["kubelet-1.20", "compress"].map { name in
            let fetched = try tool.run(["fetch", name, "--json"])
            #expect(fetched.status == 0, "\(fetched.errors)")
            return K3sShape.Tree(repository: "\(tool.workspace)/store/trees.git", id: try #require(try fetched.json()["tree"] as? String))
        }
        return try K3sShape(
            in: "\(place.path)/shape", kubernetes: trees[0], compress: trees[1],
            fixtures: Tool.project.appending(path: "Tests/Fixtures/k3s"),
            go: "/usr/lib/go-1.19/bin/go")
    }

    /// What k3s downloads: a root with `bin` and `etc`, and the source of the network plugins.
    private func archives(_ place: Place) throws -> String {
        let mount = try place.write("root/bin/aux/mount", "#!/bin/sh\necho \"the root's own mount\"\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: mount)
        _ = try place.write("root/etc/networks", "loopback 127.0.0.0\n")
        _ = try place.write("plugins/plugins-1/main.go", "package main\n\nfunc main() { println(\"a plugin\") }\n")
        _ = try place.write("web/README", "archives\n")
        for (name, folder) in [("root.tar", "root"), ("plugins.tar.gz", "plugins")] {
            try GitFolder.run(
                "/bin/tar", ["--auto-compress", "-cf", "\(place.path)/web/\(name)", "-C", "\(place.path)/\(folder)", "."],
                environment: ["PATH": "/usr/bin:/bin"])
        }
        return "\(place.path)/web"
    }

    private func recipe(_ place: Place, _ shape: K3sShape, web: Int) throws -> String {
        let digests = try ["root.tar", "plugins.tar.gz"].map { try sha256sum("\(place.path)/web/\($0)") }
        return """
            extends: \(Tool.project.path)/recipes/k3s.yaml
            toolchain: ">=1.19 <1.20"
            upstreams:
              libcontainer:
                path: vendor/github.com/opencontainers/runc/libcontainer/cgroups
                module: github.com/opencontainers/runc
            target:
              environment:
                CGO_ENABLED: "0"
                GOPROXY: \(shape.proxy)
                GONOSUMDB: "*"
            downloads:
              k3s-root:
                addresses: ["http://127.0.0.1:\(web)/root.tar"]
                sha256: \(digests[0])
              plugins:
                addresses: ["http://127.0.0.1:\(web)/plugins.tar.gz"]
                sha256: \(digests[1])

            """
    }

    private func era(_ place: Place, _ tool: Tool, _ tag: String, mirror: String, mode: String) throws {
        _ = try place.write(
            "gitconfig",
            """
            [url "\(mirror)"]
                insteadOf = https://github.com/k3s-io/k3s

            """)
        let stock = try tool.run(["run", "k3s@\(tag)", "--series", "none", "--level", "boot", "--json"])
        #expect(stock.status == 1, "\(stock.errors)")
        let fatal = try #require(try stock.json()["verdict"] as? [String: Any], "\(stock.output)")
        #expect(fatal["grade"] as? String == "fatal", "\(stock.output)")
        #expect(fatal["cause"] as? String == "memory cache", "\(stock.output)")
        let patched = try tool.run(["run", "k3s@\(tag)", "--level", "boot", "--json"])
        #expect(patched.status == 0, "\(patched.output)\(patched.errors)")
        let document = try patched.json()
        let clean = try #require(document["verdict"] as? [String: Any])
        #expect(clean["grade"] as? String == "clean", "\(patched.output)")
        #expect(clean["level"] as? String == "boot")
        let lock = try #require(document["lock"] as? [String: Any])
        #expect(lock["kind"] as? String == "git")
        #expect(lock["time"] as? Int == 1_767_323_045)
        let artifact = try #require(document["artifact"] as? [String: Any])
        let binary = try #require(artifact["path"] as? String)
        try inspect(tool, binary, document, mode: mode)
        try unpacksItself(place, binary, tag: tag)
    }

    private func inspect(_ tool: Tool, _ binary: String, _ run: [String: Any], mode: String) throws {
        let found = try tool.run(["inspect", binary, "--json"])
        #expect(found.status == 0, "\(found.errors)")
        let pedigree = try #require(try found.json()["pedigree"] as? [String: Any])
        #expect(pedigree["recipe"] as? String == "k3s")
        #expect(pedigree["tree"] as? String == run["tree"] as? String)
        #expect(pedigree["mode"] as? String == mode)
        let series = try #require(pedigree["series"] as? [[String: Any]])
        #expect(series.compactMap { $0["name"] as? String } == ["libcontainer/percpu", "libcontainer/memory-usage", "cadvisor/9p-source"])
    }

    /// The wrapper alone, on this machine: it says its version, unpacks once, and runs what lies in there.
    private func unpacksItself(_ place: Place, _ binary: String, tag: String) throws {
        let environment = ["PATH": "/usr/bin:/bin"]
        let version = try GitFolder.run(binary, ["--version"], environment: environment)
        #expect(version.hasPrefix("k3s version \(tag) ("), "\(version)")
        // Without a runtime to talk to the server ends, after it was unpacked.
        let data = "\(place.path)/data-\(tag)"
        #expect(throws: GitFolder.Failure.self) { try GitFolder.run(binary, ["server", "--data-dir", data], environment: environment) }
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(data)/data")
        let folder = "\(data)/data/\(try #require(names.first))"
        #expect(names.count == 1)
        let inner = try GitFolder.run("\(folder)/bin/k3s", ["kubelet", "--version"], environment: environment)
        #expect(inner.trimmed == "Kubernetes \(tag)")
        #expect(try GitFolder.run("\(folder)/bin/aux/mount", [], environment: environment).trimmed == "the root's own mount")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/bin/loopback") == "cni")
        #expect(FileManager.default.fileExists(atPath: "\(folder)/etc/networks"))
        // What was unpacked is looked at: a second start unpacks nothing.
        let sums = try GitFolder.run(
            "/usr/bin/sha256sum", ["--check", "--quiet", ".sha256sums"], environment: environment, folder: "\(folder)/bin")
        #expect(sums.isEmpty)
    }

    private func sha256sum(_ path: String) throws -> String {
        String(try GitFolder.run("/usr/bin/sha256sum", [path], environment: [:]).prefix(64))
    }

    private static let compress = """
        title: the zstd reader of github.com/klauspost/compress, of Debian 12
        version: 1.15.12
        importPath: github.com/klauspost/compress
        source:
          debian:
            package: golang-github-klauspost-compress
            suite: bookworm
            version: 1.15.12+ds1
        upstreams:
          compress:
            path: .
        toolchain: ">=1.19"

        """
}
