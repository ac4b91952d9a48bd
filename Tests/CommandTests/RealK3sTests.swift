import Foundation
import Model
import Synchronization
import Testing

/// k3s in the shape of its two eras. The repository is the tests' own (see `K3sShape`); the Kubernetes in it is Debian's complete, real
/// source. The recipe is the project's own; the tests' recipe extends it and only specifies where things come from here.
@Suite("Real k3s-shaped builds, from a repository to a verdict", .real(minutes: 10))
struct RealK3sTests {
    @Test("in both eras the stock node is fatal: memory cache", arguments: Era.all)
    func stock(_ era: Era) async throws {
        let tool = try await K3sYard.shared(era)
        // The baseline for the other boots. reflect2 1.0.1 is not under test, and all packages that need it are built only once.
        let series = ["--series", era.mode == "gopath" ? "map-iteration" : "none"]
        _ = try await RealWorkspace.build(tool, era.recipe, series, minutes: 4)
        let stock = try await Joining.scenario { try tool.run(["run", era.recipe, "--level", era.level, "--json"] + series) }
        #expect(stock.status == 1, "\(stock.errors)")
        let fatal = try #require(try stock.json()["verdict"] as? [String: Any], "\(stock.output)")
        #expect(fatal["grade"] as? String == "fatal", "\(stock.output)")
        #expect(fatal["cause"] as? String == "memory cache", "\(stock.output)")
    }

    @Test(
        "patched, the old era is a whole server in one sandbox, and the new one an agent that joins and runs pods: clean",
        arguments: Era.all)
    func patched(_ era: Era) async throws {
        let tool = try await K3sYard.shared(era)
        let built = try await RealWorkspace.build(tool, era.recipe, minutes: 4)
        let patched = try await Joining.scenario { try tool.run(["run", era.recipe, "--level", era.level, "--json"]) }
        #expect(patched.status == 0, "\(patched.output)\(patched.errors)")
        let document = try patched.json()
        let clean = try #require(document["verdict"] as? [String: Any])
        #expect(clean["grade"] as? String == "clean", "\(patched.output)")
        #expect(clean["level"] as? String == era.level)
        let lock = try #require(document["lock"] as? [String: Any])
        #expect(lock["kind"] as? String == "git")
        let downloads = try #require(lock["downloads"] as? [String: [String: Any]])
        // One is pinned by its digest, the other by its content.
        #expect(downloads["k3s-root"]?["sha256"] is String && downloads["plugins"]?["tree"] is String, "\(downloads)")
        #expect(downloads.values.allSatisfy { $0["isTrusted"] as? Bool == false })
        #expect(lock["time"] as? Int == 1_767_323_045)
        let artifact = try #require(document["artifact"] as? [String: Any])
        // The other tests of this binary use it from the path where it was built.
        #expect(artifact["path"] as? String == built)
        try inspect(tool, built, document, mode: era.mode)
        if era.level == "pod" { try joined(clean) } else { try joinedItself(tool, document) }
    }

    @Test("a night follows both lines of releases, as server and as agent with pods; the next night boots nothing")
    func nights() async throws {
        let place = try ProjectFixture()
        // One mirror has the tags of both.
        let tool = try await K3sYard.shared(.new)
        for era in Era.all { _ = try await RealWorkspace.build(tool, era.recipe, minutes: 4) }
        _ = try await RealWorkspace.build(tool, Era.new.recipe, ["--series", "none"], minutes: 4)
        let manifest = try place.write(
            "k3s-night.yaml",
            """
            matrix:
              - {recipe: k3s, versions: ">=1.30", level: pod, series: [none, recipe], layouts: [root-9p], expect: {none: "fatal, memory cache", recipe: clean}}
              - {recipe: k3s, versions: "<1.30", level: boot, series: [recipe], layouts: [root-9p], expect: {recipe: clean}}

            """)
        let results = try await Joining.scenario { try tool.twoNights(manifest) }
        #expect(results == ["fatal, memory cache", "clean", "clean"])
    }

    @Test("the binary alone, on this machine: it says its version, unpacks itself once, and runs what lies in there", arguments: Era.all)
    func unpacksItself(_ era: Era) async throws {
        let tool = try await K3sYard.shared(era)
        let binary = try await RealWorkspace.build(tool, era.recipe, minutes: 4)
        try unpacksItself(try ProjectFixture(), binary, tag: era.tag)
    }

    @Test("who has another token than the server's, or takes another authority for the server's, gets no kubelet")
    func refuses() async throws {
        let tool = try await K3sYard.shared(.new)
        try refusesOthers(try ProjectFixture(), try await RealWorkspace.build(tool, Era.new.recipe, minutes: 4))
    }

    @Test("server and agent stay up until they are told to go")
    func stays() async throws {
        let tool = try await K3sYard.shared(.new)
        _ = try await RealWorkspace.build(tool, Era.new.recipe, minutes: 4)
        try await Joining.scenario { try staysUp(tool, Era.new.tag) }
    }

    /// One of the two ways in which k3s has been built.
    struct Era: Sendable, CustomTestStringConvertible {
        let tag: String
        /// The protocol that serves its repository: git:// for the first era, HTTPS for the second.
        let scheme: String
        let mode: String
        let level: String

        static let old = Era(tag: K3sShape.vendoredTag, scheme: "git", mode: "gopath", level: "boot")
        static let new = Era(tag: K3sShape.modulesTag, scheme: "https", mode: "modules", level: "pod")
        static let all = [old, new]

        var recipe: String { "k3s@\(tag)" }
        var testDescription: String { tag }
    }

    /// The verdict is based on the server's reports about the agent and its pods.
    private func joined(_ verdict: [String: Any]) throws {
        let evidence = try #require(verdict["evidence"] as? [[String: Any]])
        let said = { source in evidence.filter { $0["source"] as? String == source }.compactMap { $0["text"] as? String } }
        #expect(said("node").contains { $0.contains("Ready=True") }, "\(evidence)")
        #expect(said("pod ninepin-task").contains { $0.hasPrefix("phase Succeeded") }, "\(evidence)")
        #expect(said("log of pod ninepin-task").contains { $0.hasPrefix("ninepin-") }, "\(evidence)")
        #expect(said("pod ninepin-limited").contains { $0.contains("gone") }, "\(evidence)")
    }

    /// Server and agent stay up until they are stopped.
    private func staysUp(_ tool: Tool, _ tag: String) throws {
        let up = try tool.run(["up", "k3s@\(tag)", "--name", "shape", "--json"])
        #expect(up.status == 0, "\(up.output)\(up.errors)")
        try expectDocument(up.output, is: "up")
        let node = try up.json()
        #expect(node["isReady"] as? Bool == true, "\(up.output)")
        // The server is also the binary under test: it runs in its own sandbox, and this machine has no process of it.
        let running = processes(naming: "\(tool.workspace)/nodes/shape")
        #expect(!running.contains { $0.contains("--disable-agent") }, "\(running)")
        for bundle in ["boot", "boot/control-plane/k3s-server"] {
            #expect(
                running.contains { $0.contains("runsc ") && $0.contains("--bundle \(tool.workspace)/nodes/shape/\(bundle) ") }, "\(running)"
            )
        }
        // Only the API server's port is reachable from outside; everything else that this release opens is local to it.
        let listening = Reach.listening(naming: "\(tool.workspace)/nodes/shape/boot")
        #expect(listening.contains("control plane *:6443"), "\(listening)")
        let open = listening.filter { !$0.hasPrefix("node ") && !$0.hasPrefix("control plane 127.0.0.1:") }
        #expect(open == ["control plane *:6443"], "\(listening)")
        let inside = try tool.run(["exec", "shape", "--", "ls", "/var/lib/rancher/k3s/agent"])
        #expect(inside.output.contains("kubelet.kubeconfig"), "\(inside.output)\(inside.errors)")
        let down = try tool.run(["down", "shape"])
        #expect(down.status == 0, "\(down.errors)")
        #expect(processes(naming: "\(tool.workspace)/nodes/shape").isEmpty)
    }

    /// A server in a sandbox runs an agent, which is one of its nodes.
    private func joinedItself(_ tool: Tool, _ run: [String: Any]) throws {
        let id = try #require(run["id"] as? String)
        let log = try String(contentsOfFile: "\(tool.workspace)/runs/\(id)/kubelet.log", encoding: .utf8)
        #expect(log.contains("Successfully registered node node"))
        #expect(log.contains(#"msg="k3s is up and running""#))
    }

    /// An agent with another token, or with another certificate authority than the server's, gets no kubelet.
    private func refusesOthers(_ place: ProjectFixture, _ binary: String) throws {
        let folder = "\(place.path)/refused"
        let script = try place.write("refused/try.sh", Self.refusal)
        let contained = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc", "/bin/sh", script, binary, folder]
        try GitFolder.run("/usr/bin/unshare", contained, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
        let logs = try ["wrong", "foreign"].map { try String(contentsOfFile: "\(folder)/\($0).log", encoding: .utf8) }
        #expect(logs[0].contains("token is not valid: https://192.0.2.1:6443/v1-k3s/config: 401 Unauthorized"), "\(logs[0])")
        #expect(logs[1].contains("token CA hash does not match the Cluster CA certificate hash"), "\(logs[1])")
        #expect(!logs.joined().contains("Running kubelet"))
    }

    /// An agent retries forever, so it is stopped after it was refused.
    private static let refusal = """
        set -eu
        ip link set lo up
        ip address add 192.0.2.1/32 dev lo
        heard() { tries=0; until grep -q "$2" "$1"; do tries=$((tries + 1)); [ "$tries" -lt 600 ] || exit 1; sleep 0.2; done; }
        "$1" server --disable-agent --data-dir "$2/data" --token right --node-ip 192.0.2.1 --write-kubeconfig "$2/kubeconfig" > "$2/server.log" 2>&1 &
        heard "$2/server.log" "k3s is up and running"
        join() { "$1" agent --server https://192.0.2.1:6443 --token "$2" --node-ip 192.0.2.1 --data-dir "$3/$4-data" \
          --container-runtime-endpoint unix:///nowhere > "$3/$4.log" 2>&1 & }
        join "$1" wrong "$2" wrong
        join "$1" K100000000000000000000000000000000000000000000000000000000000000000::server:right "$2" foreign
        heard "$2/wrong.log" level=error
        heard "$2/foreign.log" level=error

        """

    private func inspect(_ tool: Tool, _ binary: String, _ run: [String: Any], mode: String) throws {
        let found = try tool.run(["inspect", binary, "--json"])
        #expect(found.status == 0, "\(found.errors)")
        try expectDocument(found.output, is: "inspect")
        let pedigree = try #require(try found.json()["pedigree"] as? [String: Any])
        #expect(pedigree["recipe"] as? String == "k3s")
        #expect(pedigree["tree"] as? String == run["tree"] as? String)
        #expect(pedigree["mode"] as? String == mode)
        let packed = try #require(pedigree["downloads"] as? [String: [String: Any]])
        #expect(packed.keys.sorted() == ["k3s-root", "plugins"])
        #expect((pedigree["leftOut"] as? [String])?.contains("flannel") == true)
        let series = try #require(pedigree["series"] as? [[String: Any]])
        let own = mode == "gopath" ? ["reflect2/map-iteration"] : []
        #expect(
            series.compactMap { $0["name"] as? String } == own + ["libcontainer/percpu", "libcontainer/memory-usage", "cadvisor/9p-source"])
    }

    /// The wrapper alone, on this machine: it prints its version, unpacks once, and runs the unpacked programs.
    private func unpacksItself(_ place: ProjectFixture, _ binary: String, tag: String) throws {
        let environment = ["PATH": "/usr/bin:/bin"]
        let version = try GitFolder.run(binary, ["--version"], environment: environment)
        #expect(version.hasPrefix("k3s version \(tag) ("), "\(version)")
        // Without a runtime, the server ends after unpacking.
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
        // Verify the unpacked files: a second start does not unpack again.
        let sums = try GitFolder.run(
            "/usr/bin/sha256sum", ["--check", "--quiet", ".sha256sums"], environment: environment, folder: "\(folder)/bin")
        #expect(sums.isEmpty)
    }
}

/// The tests' own upstream: a repository in the shape of k3s, its downloads, and the servers for both.
private final class K3sYard: Sendable {
    private static let once = Once<K3sYard>()

    private let place: ProjectFixture
    private let tool: Tool
    private let servers: [Loopback]
    private let mirrors: [String: String]

    /// The program as run for an era, with a workspace shared by both eras.
    static func shared(_ era: RealK3sTests.Era) async throws -> Tool {
        let yard = try await once.value {
            // Go's cache can be shared, because it identifies its entries by all of their inputs. Fetched and built files are separate; the
            // mirror of k3s is of the tests' own repository.
            let place = try await RealWorkspace.linked(["tools", "cache/go-build", "cache/roots"])
            return try await Computing.inTurn(minutes: 3) { try K3sYard(place) }
        }
        return try yard.tool(for: era)
    }

    private init(_ place: ProjectFixture) throws {
        self.place = place
        tool = try Self.prepared(place)
        let shape = try Self.shape(place, tool)
        let served = "\(place.path)/shape"
        try Loopback.certify(in: place.path)
        let daemon = try Loopback.git(served)
        let secure = try Loopback.web(served, script: "\(place.path)/serve-https.py", certificate: place.path)
        let web = try Loopback.web(try Self.archives(place), script: "\(place.path)/serve-http.py")
        _ = try place.write("project/recipes/k3s.yaml", try Self.recipe(place, shape, web: web.port))
        servers = [daemon, secure, web]
        mirrors = ["git": "git://127.0.0.1:\(daemon.port)/k3s.git", "https": "https://localhost:\(secure.port)/k3s.git"]
        Leftovers.atExit(servers, folder: place.path)
    }

    private func tool(for era: RealK3sTests.Era) throws -> Tool {
        let mirror = try #require(mirrors[era.scheme])
        let settings = try place.write(
            "gitconfig-\(era.scheme)",
            """
            [url "\(mirror)"]
                insteadOf = https://github.com/k3s-io/k3s

            """)
        var own = tool
        // The machine may specify its own certificate authority for git, which overrides git's configuration.
        own.environment = ["GIT_CONFIG_GLOBAL": settings, "GIT_CONFIG_NOSYSTEM": "1", "GIT_SSL_CAINFO": "\(place.path)/cert.pem"]
        return own
    }

    private static func prepared(_ place: ProjectFixture) throws -> Tool {
        _ = try place.write("project/recipes/compress.yaml", library("klauspost/compress", version: "1.15.12", debian: "1.15.12+ds1"))
        _ = try place.write("project/recipes/reflect2.yaml", library("modern-go/reflect2", version: "1.0.2", debian: "1.0.2"))
        try FileManager.default.createSymbolicLink(
            atPath: "\(place.path)/project/patches", withDestinationPath: Tool.project.appending(path: "patches").path)
        try FileManager.default.copyItem(
            atPath: Tool.project.appending(path: "recipes/kubelet-1.20.yaml").path,
            toPath: "\(place.path)/project/recipes/kubelet-1.20.yaml")
        var tool = place.tool
        tool.project = "\(place.path)/project"
        return tool
    }

    private static func shape(_ place: ProjectFixture, _ tool: Tool) throws -> K3sShape {
        let trees = try ["kubelet-1.20", "compress", "reflect2"].map { name in
            let fetched = try tool.run(["fetch", name, "--json"])
            #expect(fetched.status == 0, "\(fetched.errors)")
            return K3sShape.Tree(repository: "\(tool.workspace)/store/trees.git", id: try #require(try fetched.json()["tree"] as? String))
        }
        let go = "/usr/lib/go-1.19/bin/go"
        let openAPI = try K3sOpenAPI.generate(
            from: trees[0], in: "\(place.path)/openapi", go: go, cache: "\(tool.workspace)/cache/go-build")
        return try K3sShape(
            in: "\(place.path)/shape",
            parts: .init(kubernetes: trees[0], compress: trees[1], reflection: trees[2], openAPI: openAPI),
            fixtures: Tool.project.appending(path: "Tests/Fixtures/k3s"), go: go)
    }

    /// k3s's downloads: a root with `bin` and `etc`, and the source of the network plugins.
    private static func archives(_ place: ProjectFixture) throws -> String {
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

    private static func recipe(_ place: ProjectFixture, _ shape: K3sShape, web: Int) throws -> String {
        let digest = try sha256sum("\(place.path)/web/root.tar")
        // The tree as git itself creates it from the same files.
        let git = ["-C", "\(place.path)/plugins/plugins-1"]
        for arguments in [["init", "-q"], ["add", "-A"]] {
            try GitFolder.run("/usr/bin/git", git + arguments, environment: ["PATH": "/usr/bin:/bin", "HOME": place.path])
        }
        let tree = try GitFolder.run("/usr/bin/git", git + ["write-tree"], environment: ["PATH": "/usr/bin:/bin", "HOME": place.path])
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
                sha256: \(digest)
              plugins:
                addresses: ["http://127.0.0.1:\(web)/plugins.tar.gz"]
                sha256: unknown
                tree: \(tree.trimmed)
            package:
              # Four archives of 200 MB are made here; the usual level takes a minute of processor time for each.
              compression: 3

            """
    }

    /// A recipe that fetches one of Debian's libraries.
    private static func library(_ name: String, version: String, debian: String) -> String {
        """
        title: github.com/\(name), of Debian 12
        version: \(version)
        importPath: github.com/\(name)
        source:
          debian:
            package: golang-github-\(name.replacingOccurrences(of: "/", with: "-"))
            suite: bookworm
            version: \(debian)
        upstreams:
          library:
            path: .
        toolchain: ">=1.19"

        """
    }
}

/// What several tests share exists as long as the process, and no deinit removes it.
enum Leftovers {
    private static let all = Mutex<(servers: [Loopback], folders: [String])>(([], []))

    static func atExit(_ servers: [Loopback], folder: String) {
        all.withLock { all in
            if all.folders.isEmpty { atexit { Leftovers.remove() } }
            all.servers += servers
            all.folders.append(folder)
        }
    }

    private static func remove() {
        let (servers, folders) = all.withLock { $0 }
        for server in servers { server.stop() }
        for folder in folders { try? FileManager.default.removeItem(atPath: folder) }
    }
}
