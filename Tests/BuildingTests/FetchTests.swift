import Crypto
import FileSystem
import FoundationEssentials
import Git
import Host
import Model
import Sources
import Store
import SystemPackage
import Testing
import TestServers
import TestSuite
import Transfer

@testable import Building

@Suite("Where a source comes from", .timeLimit(.minutes(5)))
struct FetchTests {
    /// A workspace, a served suite, and a builder with its events.
    private struct SourceFixture {
        let suite: DebianSuite
        let builder: SourceBuilder
        let server: LoopbackServer
        private let notes: Mailbox

        /// Runs a test with the fixture.
        static func use(user: String = "", _ body: (SourceFixture) async throws -> Void) async throws {
            let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-fetch-\(UUID())").path)
            defer { try? Files.remove(path) }
            let suite = try await DebianSuite.make()
            defer { #expect(throws: Never.self) { try suite.remove() } }
            try await LoopbackServer.run({ request, _ in suite.answer(request) }) { server in
                let notes = Mailbox()
                let builder = try await SourceBuilder.opened(Host.plain(path, machine: try suite.machine(server, user: user))) { event in
                    if case .note(let text) = event { notes.add(text) }
                }
                defer { builder.runner.close() }
                try await body(SourceFixture(suite: suite, builder: builder, server: server, notes: notes))
                builder.runner.close()
                #expect(Files.names(in: path.appending("tmp")) == [".gate"])
            }
        }

        var told: [String] { notes.all }

        /// The tree of the code in both packages.
        func tree() async throws -> ObjectID { try await builder.fetch(debian(), from: suite.code).tree }

        func debian(version: String = "1.0", built: String? = "golang-thing-dev") throws -> Recipe {
            let built = built.map { ", built: \($0)" } ?? ""
            return try recipe("{debian: {package: thing, suite: \(DebianSuite.name), version: '\(version)'\(built)}}")
        }

        func recipe(_ source: String, more: String = "") throws -> Recipe {
            try Recipe(
                yaml: "title: t\nversion: 1.0.0\nsource: \(source)\nupstreams: {}\ntoolchain: '*'\nimportPath: example.org/thing\n\(more)",
                file: "r.yaml", name: "r")
        }

        /// The files requested from the pool.
        var askedPool: [String] { server.requests.map(\.target).filter { $0.contains("/pool/") } }
    }

    @Test("a password of the machine's mirror is sent with every question, and stands in no error, in no note and in nothing that is kept")
    func password() async throws {
        try await SourceFixture.use(user: "who:s3same@") { fixture in
            let fetched = try await fixture.builder.fetch(fixture.debian())
            #expect(try await fetched.tree == fixture.tree())
            let header = "Basic \(Data("who:s3same".utf8).base64EncodedString())"
            #expect(fixture.askedPool.count > 1)
            #expect(fixture.server.requests.filter { $0.target.contains("/pool/") }.allSatisfy { $0.fields["authorization"] == header })
            fixture.suite.serve(nil, as: "dists/teststable/InRelease")
            let error = await #expect(throws: SourceError.self) { try await fixture.builder.fetch(fixture.debian(), isFresh: true) }
            #expect(error?.description.contains("s3same") == false, "\(error?.description ?? "")")
            #expect(!fixture.told.contains { $0.contains("s3same") })
            let workspace = fixture.builder.host.workspace.string
            for name in try FileManager.default.subpathsOfDirectory(atPath: workspace)
            where !Files.isDirectory(FilePath("\(workspace)/\(name)")) {
                let text = String(decoding: try Files.read(FilePath("\(workspace)/\(name)")), as: UTF8.self)
                #expect(!text.contains("s3same"), "\(name)")
            }
        }
    }

    @Test("the index is kept: the next question fetches its signature alone, and the lists again once they are other ones")
    func keptIndex() async throws {
        try await SourceFixture.use { fixture in
            let lists = { fixture.server.requests.map(\.target).filter { $0.contains("/source/Sources") }.count }
            let signatures = { fixture.server.requests.map(\.target).filter { $0.hasSuffix("/InRelease") }.count }
            _ = try await fixture.builder.resolve(fixture.debian(version: ">=1.0"))
            let (listsBefore, signaturesBefore) = (lists(), signatures())
            #expect(listsBefore > 0 && signaturesBefore > 0)
            let (same, _) = try await fixture.builder.resolve(fixture.debian(version: ">=1.0"), isFresh: true)
            #expect(same.lock.version == "1.0" && lists() == listsBefore && signatures() > signaturesBefore)
            try await fixture.suite.publish(version: "1.1")
            let (newer, _) = try await fixture.builder.resolve(fixture.debian(version: ">=1.0"), isFresh: true)
            #expect(newer.lock.version == "1.1" && lists() > listsBefore)
        }
    }

    @Test("a kept index says nothing once its suite is signed by a stranger or is gone, and the true one is read again afterwards")
    func keptIndexOfStranger() async throws {
        try await SourceFixture.use { fixture in
            _ = try await fixture.builder.resolve(fixture.debian())
            try await fixture.suite.sign(with: "stranger")
            await #expect(throws: SourceError.self) { try await fixture.builder.resolve(fixture.debian(), isFresh: true) }
            fixture.suite.serve(nil, as: "dists/teststable/InRelease")
            await #expect(throws: SourceError.self) { try await fixture.builder.resolve(fixture.debian(), isFresh: true) }
            try await fixture.suite.publish(version: "1.1")
            let (newer, _) = try await fixture.builder.resolve(fixture.debian(version: ">=1.0"), isFresh: true)
            #expect(newer.lock.version == "1.1")
        }
    }

    @Test("a source package comes from the suite's pool, is checked against the signed index, and is what its files are")
    func sourcePackage() async throws {
        try await SourceFixture.use { fixture in
            let fetched = try await fixture.builder.fetch(try fixture.debian())
            #expect(try await fetched.tree == fixture.tree())
            #expect(fetched.lock.kind == .debian && fetched.lock.name == "thing" && fetched.lock.version == "1.0")
            #expect(fetched.lock.files.map(\.name) == ["thing_1.0.dsc", "thing_1.0.tar.gz"])
            #expect(fetched.steps.map(\.name) == ["resolve", "fetch"] && fetched.steps.allSatisfy { !$0.cached })
            #expect(fixture.told.isEmpty)
            let before = fixture.server.requests.count
            let again = try await fixture.builder.fetch(try fixture.debian())
            #expect(again.tree == fetched.tree && again.steps.allSatisfy(\.cached))
            #expect(fixture.server.requests.count == before, "what is kept is not asked for")
        }
    }

    @Test("kept addresses that are old are resolved again, and the same files come from where they are now")
    func moved() async throws {
        try await SourceFixture.use { fixture in
            let recipe = try fixture.debian()
            let (kept, _) = try await fixture.builder.resolve(recipe)
            try await fixture.suite.publish(in: "pool/b")
            let fetched = try await fixture.builder.fetch(recipe)
            #expect(try await fetched.tree == fixture.tree())
            #expect(fetched.lock == kept.lock)
            #expect(fixture.askedPool.first?.contains("/pool/a/") == true)
            #expect(fixture.askedPool.contains("/debian/pool/b/thing_1.0.tar.gz"))
            #expect(fixture.told.isEmpty, "the same version from elsewhere is nothing to tell")
        }
    }

    @Test("a suite that has another version by now gives that one, and it is told what it had")
    func newVersion() async throws {
        try await SourceFixture.use { fixture in
            let recipe = try fixture.debian(version: ">=1.0")
            _ = try await fixture.builder.resolve(recipe)
            try await fixture.suite.publish(version: "1.1")
            let fetched = try await fixture.builder.fetch(recipe)
            #expect(fetched.lock.version == "1.1")
            #expect(try await fetched.tree != fixture.tree())
            #expect(fixture.told == ["the suite now has 1.1 instead of 1.0"])
        }
    }

    @Test("a kept resolution is used as long as its files are there, whatever the suite has by now, unless it is to be fresh")
    func fresh() async throws {
        try await SourceFixture.use { fixture in
            let recipe = try fixture.debian(version: ">=1.0")
            let first = try await fixture.builder.fetch(recipe)
            try await fixture.suite.publish(version: "1.1")
            #expect(try await fixture.builder.fetch(recipe).lock == first.lock)
            #expect(try await fixture.builder.fetch(recipe, isFresh: true).lock.version == "1.1")
            #expect(try await fixture.builder.fetch(recipe).lock.version == "1.1")
        }
    }

    @Test("where the pool lacks a file of the source package the built package is taken, which has the same tree, and it is said")
    func fallsBack() async throws {
        try await SourceFixture.use { fixture in
            fixture.suite.serve(nil, as: "pool/a/thing_1.0.tar.gz")
            let fetched = try await fixture.builder.fetch(try fixture.debian())
            #expect(try await fetched.tree == fixture.tree())
            #expect(fetched.lock.name == "golang-thing-dev" && fetched.lock.files.map(\.name) == ["golang-thing-dev_1.0_all.deb"])
            let note = try #require(fixture.told.first)
            #expect(fixture.told.count == 1)
            #expect(note.hasPrefix("thing cannot be fetched (cannot fetch thing_1.0.tar.gz:") && note.contains("HTTP 404"), "\(note)")
            #expect(note.hasSuffix("using golang-thing-dev, which contains the same code"))
        }
    }

    @Test("where kept addresses are old and the pool lacks a file too, both ways are gone, one after the other")
    func movedAndLacking() async throws {
        try await SourceFixture.use { fixture in
            let recipe = try fixture.debian()
            _ = try await fixture.builder.resolve(recipe)
            try await fixture.suite.publish(in: "pool/b")
            fixture.suite.serve(nil, as: "pool/b/thing_1.0.tar.gz")
            let fetched = try await fixture.builder.fetch(recipe)
            #expect(try await fetched.tree == fixture.tree())
            #expect(fetched.lock.name == "golang-thing-dev")
            #expect(fixture.told.count == 1 && fixture.told[0].contains("/pool/b/thing_1.0.tar.gz"))
        }
    }

    private func unreachable(_ fixture: SourceFixture, _ recipe: Recipe) async throws -> (name: String, attempts: [Attempt]) {
        let error = await #expect(throws: TransferError.self) { try await fixture.builder.fetch(recipe) }
        guard case .unreachable(let name, let attempts)? = error else { throw Unexpected(error: error) }
        return (name, attempts)
    }

    private struct Unexpected: Error { let error: TransferError? }

    @Test("where a recipe names no built package, a file that the pool lacks is an error that names it")
    func noFallback() async throws {
        try await SourceFixture.use { fixture in
            fixture.suite.serve(nil, as: "pool/a/thing_1.0.tar.gz")
            let found = try await unreachable(fixture, try fixture.debian(built: nil))
            #expect(found.name == "thing_1.0.tar.gz" && found.attempts.map(\.reason) == ["HTTP 404"])
            #expect(fixture.told.isEmpty)
        }
    }

    @Test("a built package that the pool lacks too is an error, and so is one that the suite does not have")
    func bothLacking() async throws {
        try await SourceFixture.use { fixture in
            for file in ["thing_1.0.tar.gz", "golang-thing-dev_1.0_all.deb"] { fixture.suite.serve(nil, as: "pool/a/\(file)") }
            let found = try await unreachable(fixture, try fixture.debian())
            #expect(found.name == "golang-thing-dev_1.0_all.deb")
            await #expect(throws: SourceError.self) { try await fixture.builder.fetch(try fixture.debian(built: "golang-none-dev")) }
        }
    }

    @Test("bytes that are not those of the signed index are an error, and no reason to take something else", arguments: [false, true])
    func wrongBytes(_ isMoved: Bool) async throws {
        try await SourceFixture.use { fixture in
            let recipe = try fixture.debian()
            if isMoved {
                _ = try await fixture.builder.resolve(recipe)
                try await fixture.suite.publish(in: "pool/b")
            }
            let file = "pool/\(isMoved ? "b" : "a")/thing_1.0.tar.gz"
            var bytes = Array(fixture.suite.answer(Self.request("/debian/\(file)")).steps.flatMap(\.sent))
            bytes[bytes.count / 2] ^= 1
            fixture.suite.serve(bytes, as: file)
            let error = await #expect(throws: TransferError.self) { try await fixture.builder.fetch(recipe) }
            guard case .digestDiffers(let name, _, _, _, _, _)? = error else {
                Issue.record("\(String(describing: error)) \(fixture.told)")
                return
            }
            #expect(name == "thing_1.0.tar.gz" && fixture.told.isEmpty)
        }
    }

    private static func request(_ target: String) -> Request { Request(method: "GET", target: target, fields: [:], body: []) }

    @Test("an index that cannot be had, or that nobody known has signed, or that was changed, is an error; nothing is fetched by it")
    func badIndexes() async throws {
        try await SourceFixture.use { fixture in
            let recipe = try fixture.debian()
            func refused() async -> String {
                let error = await #expect(throws: SourceError.self) { try await fixture.builder.fetch(recipe) }
                guard case .index(DebianSuite.name, let reason)? = error else {
                    Issue.record("\(String(describing: error))")
                    return ""
                }
                return reason
            }
            fixture.suite.serve(nil, as: "dists/\(DebianSuite.name)/InRelease")
            let reason = await refused()
            #expect(reason.contains("does not have a Release file"), "\(reason)")
            try await fixture.suite.publish()
            try await fixture.suite.sign(with: "stranger")
            #expect(await refused().contains("NO_PUBKEY"))
            try await fixture.suite.publish()
            fixture.suite.serve(Array("Package: thing\nVersion: 9\n".utf8), as: "dists/\(DebianSuite.name)/main/source/Sources")
            #expect(!(await refused()).isEmpty)
            #expect(fixture.askedPool.isEmpty)
            await #expect(throws: SourceError.self) { try await fixture.builder.fetch(try fixture.debian(version: "2.0")) }
            // The unmodified suite is accepted.
            try await fixture.suite.publish()
            #expect(try await fixture.builder.fetch(recipe).tree == fixture.tree())
        }
    }

    @Test("an archive comes from the first of its addresses that has it; where none has, that is an error that names each")
    func archives() async throws {
        try await SourceFixture.use { fixture in
            let file = fixture.suite.answer(Self.request("/debian/pool/a/thing_1.0.tar.gz")).steps.flatMap(\.sent)
            let digest = SHA256.hash(data: file).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            let (good, bad) = (
                fixture.server.address("/debian/pool/a/thing_1.0.tar.gz"), fixture.server.address("/debian/none/thing_1.0.tar.gz")
            )
            func recipe(_ addresses: [String]) throws -> Recipe {
                try fixture.recipe("{archive: {addresses: [\(addresses.map { "'\($0)'" }.joined(separator: ", "))], sha256: \(digest)}}")
            }
            let none = try await unreachable(fixture, try recipe([bad, bad + "?***"]))
            #expect(none.name == "thing_1.0.tar.gz" && none.attempts.map(\.address) == [bad, bad + "?***"])
            #expect(none.attempts.map(\.reason) == ["HTTP 404", "HTTP 404"])
            #expect(try await fixture.builder.fetch(try recipe([bad, good])).tree == fixture.tree())
            #expect(fixture.told.isEmpty)
        }
    }

    @Test("a submodule that is left out is told each time, and a branch that has a tag's name when the name is resolved")
    func repository() async throws {
        try await SourceFixture.use { fixture in
            let folder = fixture.builder.workspace.path.appending("repository")
            try Files.makeDirectory(folder)
            let host = Host.plain(fixture.builder.workspace.path)
            let script = """
                set -e
                export GIT_CONFIG_NOSYSTEM=1 HOME=/ GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
                git init -q
                printf '[submodule "x"]\\n\\tpath = third/party\\n' > .gitmodules
                git add .gitmodules
                git update-index --add --cacheinfo 160000,1111111111111111111111111111111111111111,third/party
                git commit -q -m one
                git tag same
                git commit -q --allow-empty -m two
                git branch same
                """
            _ = try await Command("/bin/sh", ["-c", script], environment: host.plainEnvironment, directory: folder, on: host).output()
            let recipe = try fixture.recipe("{git: {url: '\(folder)', ref: same}}")
            _ = try await fixture.builder.fetch(recipe)
            _ = try await fixture.builder.fetch(recipe)
            #expect(
                fixture.told.filter { $0.contains("submodules are not fetched") && $0.contains("third/party") }.count == 2,
                "\(fixture.told)")
            #expect(fixture.told.filter { $0.contains("using refs/tags/same") && $0.contains("refs/heads/same") }.count == 1)
        }
    }

    @Test("libraries whose kept addresses are old are resolved again too")
    func libraries() async throws {
        try await SourceFixture.use { fixture in
            let folder = "{suite: \(DebianSuite.name), packages: [golang-thing-dev]}"
            let file = fixture.suite.answer(Self.request("/debian/pool/a/thing_1.0.tar.gz")).steps.flatMap(\.sent)
            let digest = SHA256.hash(data: file).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            let archive = fixture.builder.workspace.path.appending("thing.tar.gz")
            try Files.write(file, to: archive)
            let recipe = try fixture.recipe(
                "{archive: {addresses: ['file://\(archive)'], sha256: \(digest)}}", more: "libraries: \(folder)\n")
            _ = try await fixture.builder.resolve(recipe)
            try await fixture.suite.publish(in: "pool/b")
            let fetched = try await fixture.builder.fetch(recipe)
            #expect(try await fetched.tree == fixture.tree())
            let source = try #require(fetched.libraries?.path).appending("src/example.org/thing/thing.go")
            #expect(try Files.readText(source) == DebianSuite.files["thing.go"])
            fixture.suite.serve(nil, as: "pool/b/golang-thing-dev_1.0_all.deb")
            try Files.remove(fixture.builder.workspace.mirrors)
            try Files.remove(fixture.builder.workspace.store.appending("libraries"))
            #expect(try await unreachable(fixture, recipe).name == "golang-thing-dev_1.0_all.deb")
        }
    }
}

extension Reply.Step {
    fileprivate var sent: [UInt8] { if case .bytes(let bytes) = self { bytes } else { [] } }
}
