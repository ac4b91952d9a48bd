import FileSystem
import FoundationEssentials
import Git
import Host
import Model
import Store
import Synchronization
import SystemPackage
import Testing
import TestServers
import TestSuite
import Transfer

@testable import Building

@Suite("What a recipe downloads is what somebody has said, or is told", .timeLimit(.minutes(5)))
struct DownloadTests {
    /// A folder with a source, served as an archive and as a repository, and a builder.
    fileprivate struct SourceFixture {
        let path: FilePath
        let builder: SourceBuilder
        let server: LoopbackServer
        let answers: Answers

        static func use(_ body: (SourceFixture) async throws -> Void) async throws {
            let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-download-\(UUID())").path)
            defer { try? Files.remove(path) }
            try Files.makeDirectory(path)
            let answers = Answers()
            try await LoopbackServer.run({ request, _ in answers[request.target].map { .file($0, request) } ?? .status(404) }) { server in
                let builder = try await SourceBuilder.opened(Host.plain(path.appending("workspace"))) { _ in }
                defer { builder.runner.close() }
                let fixture = SourceFixture(path: path, builder: builder, server: server, answers: answers)
                try await fixture.pack("a plugin", as: "/plugins.tar.gz")
                try await body(fixture)
            }
        }

        /// Serves an archive with a source in one top folder, as Git hosting services create it.
        func pack(_ word: String, as target: String) async throws {
            let folder = path.appending("packed")
            try Files.remove(folder)
            try Files.makeDirectory(folder.appending("plugins-1.0/pkg"))
            try Files.write("package main // \(word)\n", to: folder.appending("plugins-1.0/main.go"))
            try Files.write("package pkg\n", to: folder.appending("plugins-1.0/pkg/pkg.go"))
            let archive = path.appending("archive.tar.gz")
            try await run("/bin/tar", ["-czf", archive.string, "-C", folder.string, "plugins-1.0"])
            answers[target] = try Files.read(archive)
        }

        /// The ID of that source's tree as computed by git itself, from a commit in a repository.
        func commit() async throws -> (url: String, commit: String, tree: String) {
            let folder = path.appending("packed/plugins-1.0").string
            let git = ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.org"]
            try await run("/usr/bin/git", git + ["init", "-q"])
            try await run("/usr/bin/git", git + ["add", "-A"])
            try await run("/usr/bin/git", git + ["commit", "-q", "-m", "a"])
            let ids = try await run("/usr/bin/git", git + ["rev-parse", "HEAD", "HEAD^{tree}"]).split(separator: "\n").map(String.init)
            return ("file://\(folder)", try #require(ids.first), try #require(ids.last))
        }

        @discardableResult
        private func run(_ program: FilePath, _ arguments: [String]) async throws -> String {
            let environment = ["PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "HOME": path.string]
            return try await Command(program, arguments, environment: environment, on: builder.host).output()
        }

        func files(_ download: String) throws -> [RecipeFile] {
            let text = """
                title: a thing
                version: 1.20.2
                importPath: example.org/x
                source: {git: {url: "https://example.org/x", ref: v1}}
                upstreams: {x: {path: .}}
                toolchain: ">=1.19"
                target: {package: cmd/x}
                node: {profile: k3s-server}
                downloads:
                  plugins: \(download)
                package:
                  program: bin/x
                  folders: [bin]
                  embed: pkg/data
                  wrapper: {package: cmd/w}
                """
            return [try RecipeFile(yaml: text, file: "r.yaml")]
        }

        func recipe(_ download: String) throws -> Recipe { try Recipe(files(download), name: "r") }

        var archive: String { "addresses: [\"\(server.address("/plugins.tar.gz"))\"], unpack: build/src, strip: 1" }

        /// The resolved downloads of a recipe, and the content of the source file in them.
        func downloaded(_ recipe: Recipe, areTrusted: Bool = false) async throws -> (downloads: Downloads, key: Digest, text: String?) {
            let downloads = try await builder.receive(recipe, areTrusted: areTrusted)
            let step = try DownloadStep(downloads)
            let done = try await builder.runner.perform(step, subject: "") { "\($0.tree)" }
            let repository = try Repository.open(at: builder.workspace.trees.string)
            let text = try repository.blob(at: "build/src/main.go", of: done.output.tree).map { String(decoding: $0, as: UTF8.self) }
            return (downloads, try step.key(), text)
        }
    }

    fileprivate final class Answers: Sendable {
        private let all = Mutex<[String: [UInt8]]>([:])

        subscript(_ target: String) -> [UInt8]? {
            get { all.withLock { $0[target] } }
            set { all.withLock { $0[target] = newValue } }
        }
    }

    private static let text = "package main // a plugin\n"

    @Test("an archive that is known by its content alone is taken, whatever its digest is, which is told afterwards")
    func tree() async throws {
        try await SourceFixture.use { fixture in
            let tree = try await fixture.commit().tree
            let found = try await fixture.downloaded(try fixture.recipe("{\(fixture.archive), tree: \(tree)}"))
            #expect(found.text == Self.text)
            let locked = try #require(found.downloads.locked["plugins"])
            #expect(locked.tree?.description == tree && locked.sha256 != nil && !locked.isTrusted && locked.commit == nil)
            #expect(found.downloads.locked.notes.isEmpty)
            // A stored download is not requested again.
            let asked = fixture.server.requests.count
            #expect(try await fixture.downloaded(try fixture.recipe("{\(fixture.archive), tree: \(tree)}")).key == found.key)
            #expect(fixture.server.requests.count == asked)
        }
    }

    @Test("a commit of a repository is taken, with and without the id of its content", arguments: [true, false])
    func commit(_ hasTree: Bool) async throws {
        try await SourceFixture.use { fixture in
            let (url, commit, tree) = try await fixture.commit()
            let said = hasTree ? ", tree: \(tree)" : ""
            let found = try await fixture.downloaded(
                try fixture.recipe("{git: {url: \"\(url)\", commit: \(commit)}, unpack: build/src\(said)}"))
            #expect(found.text == Self.text)
            let locked = try #require(found.downloads.locked["plugins"])
            #expect(locked.commit?.description == commit && locked.tree?.description == tree && !locked.isTrusted)
        }
    }

    @Test("what nobody knows is an error that names both ways, before anything is fetched")
    func unknown() async throws {
        try await SourceFixture.use { fixture in
            for said in ["", ", sha256: unknown", ", tree: unknown"] {
                let recipe = try fixture.recipe("{\(fixture.archive)\(said)}")
                let error = await #expect(throws: PackageError.self) { try await fixture.builder.receive(recipe, areTrusted: false) }
                for word in ["'plugins'", "/plugins.tar.gz", "--trust-downloads", "ninepin recipes lock r@1.20.2", "sha256", "tree"] {
                    #expect(error?.description.contains(word) == true, "\(word): \(error?.description ?? "")")
                }
            }
            #expect(fixture.server.requests.isEmpty)
        }
    }

    @Test("what is trusted is taken as it comes, and stands in lock, notes and key by what really came")
    func trusted() async throws {
        try await SourceFixture.use { fixture in
            let recipe = try fixture.recipe("{\(fixture.archive)}")
            let first = try await fixture.downloaded(recipe, areTrusted: true)
            let locked = try #require(first.downloads.locked["plugins"])
            #expect(first.text == Self.text)
            #expect(locked.isTrusted)
            let digest = try #require(locked.sha256)
            #expect(first.downloads.locked.notes.count == 1)
            #expect(first.downloads.locked.notes.first?.contains(digest.hex) == true)
            #expect(
                first.downloads.locked.notes.first?.contains("'plugins' is not pinned by the recipe and was accepted as fetched") == true)
            #expect(first.downloads.specs["plugins"]?.sha256 == digest)
            // Other content at the same address gives another result.
            try await fixture.pack("another", as: "/plugins.tar.gz")
            let other = try await SourceBuilder.opened(Host.plain(fixture.path.appending("other"))) { _ in }
            defer { other.runner.close() }
            let second = try DownloadStep(try await other.receive(recipe, areTrusted: true))
            #expect(try second.key() != first.key)
        }
    }

    @Test("a recipe that pins what came needs no trust, and is refused what came later")
    func pinned() async throws {
        try await SourceFixture.use { fixture in
            let files = try fixture.files("{\(fixture.archive)}")
            let found = try await fixture.builder.lockDownloads(of: try Recipe(files, name: "r"))
            let text = try Recipe(files, name: "r").pinned(by: found, extending: "r")
            #expect(text.hasPrefix("# r \(try Recipe(files, name: "r").version.plain) with its downloads pinned"))
            let odd = "it's: a \"name\" # of\ttwo"
            #expect(try RecipeFile(yaml: Recipe(files, name: "r").pinned(by: found, extending: odd), file: "odd.yaml").parent == odd)
            let pinned = try Recipe(files + [RecipeFile(yaml: text, file: "mine.yaml")], name: "mine")
            #expect(pinned.version.plain == "1.20.2" && pinned.downloads["plugins"]?.isKnown == true)
            #expect(try await fixture.downloaded(pinned).text == Self.text)
            try await fixture.pack("another", as: "/plugins.tar.gz")
            let other = try await SourceBuilder.opened(Host.plain(fixture.path.appending("other"))) { _ in }
            defer { other.runner.close() }
            let step = try DownloadStep(try await other.receive(pinned, areTrusted: true))
            let error = await #expect(throws: TransferError.self) { _ = try await other.runner.perform(step, subject: "") { "\($0.tree)" } }
            let digest = try #require(found["plugins"]?.sha256)
            #expect(error?.description.contains("expected \(digest)") == true, "\(error?.description ?? "")")
        }
    }

    @Test("a content that is another than the tree says is refused by name, with both ids, trusted or not", arguments: [true, false])
    func refused(_ areTrusted: Bool) async throws {
        try await SourceFixture.use { fixture in
            let (url, commit, tree) = try await fixture.commit()
            let wanted = String(repeating: "1", count: 40)
            for said in [fixture.archive, "git: {url: \"\(url)\", commit: \(commit)}, unpack: build/src"] {
                let recipe = try fixture.recipe("{\(said), tree: \(wanted)}")
                let error = await #expect(throws: PackageError.self) {
                    try await fixture.builder.receive(recipe, areTrusted: areTrusted)
                }
                for word in ["'plugins'", wanted, tree] { #expect(error?.description.contains(word) == true, "\(word)") }
            }
            // A download pinned by its digest must also have the expected content.
            let digest = try #require(
                try await fixture.builder.lockDownloads(of: fixture.recipe("{\(fixture.archive)}"))["plugins"]?.sha256)
            let error = await #expect(throws: PackageError.self) {
                try await fixture.downloaded(fixture.recipe("{\(fixture.archive), sha256: \(digest), tree: \(wanted)}"))
            }
            #expect(error?.description.contains(tree) == true && error?.description.contains(wanted) == true)
        }
    }

    @Test("an address with another content is passed over for one that has the right one")
    func nextAddress() async throws {
        try await SourceFixture.use { fixture in
            let tree = try await fixture.commit().tree
            try await fixture.pack("another", as: "/wrong.tar.gz")
            fixture.answers["/words.tar.gz"] = Array("<html>not here</html>".utf8)
            let addresses = ["/none.tar.gz", "/words.tar.gz", "/wrong.tar.gz", "/plugins.tar.gz"].map {
                "\"\(fixture.server.address($0))\""
            }
            let found = try await fixture.downloaded(
                fixture.recipe("{addresses: [\(addresses.joined(separator: ", "))], unpack: build/src, strip: 1, tree: \(tree)}"))
            #expect(found.text == Self.text)
        }
    }

    @Test("a file that is not unpacked can be trusted, too")
    func file() async throws {
        try await SourceFixture.use { fixture in
            let recipe = try fixture.recipe("{addresses: [\"\(fixture.server.address("/plugins.tar.gz"))\"], file: build/src/main.go}")
            let found = try await fixture.downloaded(recipe, areTrusted: true)
            #expect(found.downloads.locked["plugins"]?.tree == nil && found.downloads.locked["plugins"]?.isTrusted == true)
            #expect(found.text?.isEmpty == false)
        }
    }

    @Test("a download that says too much, or what it cannot have, is a mistake in the recipe")
    func mistakes() async throws {
        try await SourceFixture.use { fixture in
            let id = String(repeating: "1", count: 40)
            for (said, words) in [
                ("unpack: x", "expected at least one address, or 'git'"),
                ("addresses: [a], file: x, tree: \(id)", "it identifies unpacked content"),
                ("git: {url: x, commit: \(id)}, file: x", "a commit is unpacked into a folder"),
                (
                    "git: {url: x, commit: \(id)}, unpack: x, sha256: \(String(repeating: "1", count: 64))",
                    "not allowed with 'file' or 'sha256'"
                ),
                ("git: {url: x, commit: main}, unpack: x", "a full commit ID"),
                ("git: {url: -x, commit: \(id)}, unpack: x", "expected an address"),
                ("addresses: [a], unpack: x, tree: 123", "a tree ID of 40 hexadecimal digits"),
            ] {
                let error = #expect(throws: Diagnostic.self) { try fixture.recipe("{\(said)}") }
                #expect(error?.description.contains(words) == true, "\(said): \(error?.description ?? "")")
            }
        }
    }
}
