import ExitCodes
import FileSystem
import FoundationEssentials
import Host
import Model
import Node
import Sources
import Store
import SystemPackage
import Testing
import TestServers
import TestSuite
import Transfer

@testable import Building
@testable import Proving

@Suite("The containerd of another suite", .timeLimit(.minutes(5)))
struct ContainerdTests {
    private struct ContainerdFixture {
        let suite: DebianSuite
        let host: Host
        let server: LoopbackServer
        let told: Mailbox

        static func use(_ body: (ContainerdFixture) async throws -> Void) async throws {
            let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-containerd-\(UUID())").path)
            defer { try? Files.remove(path) }
            let suite = try await DebianSuite.make()
            defer { #expect(throws: Never.self) { try suite.remove() } }
            try await LoopbackServer.run({ request, _ in suite.answer(request) }) { server in
                try await body(
                    ContainerdFixture(
                        suite: suite, host: Host.plain(path, machine: try suite.machine(server)), server: server, told: Mailbox()))
            }
        }

        func provided(_ version: String? = nil) async throws -> (profile: KubeletProfile, containerd: NodeContainerd) {
            let spec = ContainerdSpec(suite: DebianSuite.name, version: version)
            return try await KubeletProfile.provided(with: spec, on: host) { [told] event in
                if case .note(let text) = event { told.add(text) }
            }
        }
    }

    @Test("it comes from the signed index, its programs are the node's, its package is locked, and the second time nobody is asked")
    func provided() async throws {
        try await ContainerdFixture.use { fixture in
            let first = try await fixture.provided(">=2.0 <3").containerd
            #expect(first.release == "2.0.0")
            let package = try #require(first.package)
            #expect(package.name == "containerd" && package.suite == DebianSuite.name && package.version == "2.0.0-1")
            let name = "containerd_2.0.0-1_\(Architecture.machine.rawValue).deb"
            #expect(package.file.name == name && package.file.bytes > 0)
            #expect(first.words["containerd package"] == "containerd 2.0.0-1 from Debian teststable")
            let before = fixture.server.requests.count
            let again = try await fixture.provided(">=2.0 <3").containerd
            #expect(again.package == package && again.release == first.release)
            #expect(fixture.server.requests.count == before && fixture.told.all.isEmpty)
        }
    }

    @Test("a node that asks for none has the machine's own, and nothing is fetched")
    func own() async throws {
        try await ContainerdFixture.use { fixture in
            let own = try await KubeletProfile.provided(with: nil, on: fixture.host) { _ in }.containerd
            #expect(try await own.release == KubeletProfile(on: fixture.host).containerd() && own.package == nil)
            #expect(own.words == ["containerd": own.release] && fixture.server.requests.isEmpty)
        }
    }

    @Test("a package with other bytes than the index says is refused, and so is an index that nobody known has signed")
    func wrongBytes() async throws {
        try await ContainerdFixture.use { fixture in
            let file = "pool/a/containerd_2.0.0-1_\(Architecture.machine.rawValue).deb"
            var bytes = try fixture.suite.published(file)
            bytes[bytes.count / 2] ^= 1
            fixture.suite.serve(bytes, as: file)
            let error = await #expect(throws: TransferError.self) { try await fixture.provided() }
            guard case .digestDiffers? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try await fixture.suite.publish(version: "1.1")
            try await fixture.suite.sign(with: "stranger")
            await #expect(throws: SourceError.self) { try await fixture.provided(">=2.0.1") }
        }
    }

    @Test("a version that the suite does not have is an error that says which it has")
    func notListed() async throws {
        try await ContainerdFixture.use { fixture in
            let error = await #expect(throws: SourceError.self) { try await fixture.provided("<2.0") }
            #expect(error?.description.contains("available: 2.0.0-1") == true, "\(error?.description ?? "")")
        }
    }

    @Test("where the suite has another by now and the old file is gone, that one is taken, and it is told")
    func moved() async throws {
        try await ContainerdFixture.use { fixture in
            let runner = try await StepRunner(fixture.host) { _ in }
            _ = try await runner.perform(
                ResolveContainerdStep(spec: ContainerdSpec(suite: DebianSuite.name), architecture: .machine), subject: ""
            ) { _ in "" }
            runner.close()
            try await fixture.suite.publish(version: "1.1", in: "pool/b")
            #expect(try await fixture.provided().containerd.release == "2.0.1")
            #expect(fixture.told.all == ["teststable now has 2.0.1-1 instead of 2.0.0-1"])
        }
    }

    @Test("programs that were changed in the store are unpacked again")
    func changed() async throws {
        try await ContainerdFixture.use { fixture in
            _ = try await fixture.provided()
            let store = fixture.host.workspace.appending("store/containerd")
            let folder = store.appending(try #require(Files.names(in: store).first)).appending("programs")
            #expect(Set(Files.names(in: folder)) == Set(ContainerdSpec.programs))
            try Files.write("#!/bin/sh\necho containerd x 9.9.9\n", to: folder.appending("containerd"), mode: 0o755)
            #expect(try await fixture.provided().containerd.release == "2.0.0")
        }
    }

    @Test(
        "one whose programs do not run with the machine's libraries is refused, with the loader's words",
        arguments: ContainerdSpec.programs)
    func doesNotRun(_ program: String) async throws {
        try await ContainerdFixture.use { fixture in
            let words = "./\(program): /lib/libc.so.6: version `GLIBC_2.99' not found"
            try fixture.suite.changeContainerd(
                """
                printf '#!/bin/sh\\ncat >&2 <<"END"\\n%s\\nEND\\nexit 1\\n' "\(words.replacing("`", with: "\\`"))" > "$1/\(program)"
                """)
            try await fixture.suite.publish()
            let error = await #expect(throws: ContainerdDoesNotRun.self) { try await fixture.provided() }
            #expect(error?.reason == words && error?.package.version == "2.0.0-1")
            #expect(error.map { ExitStatus(for: $0) } == .missing)
        }
    }

    @Test(
        "a package without a program that a node needs is refused, and so is one with a link in its place",
        arguments: ["rm", "ln -sf /bin/sh"])
    func lacking(_ change: String) async throws {
        try await ContainerdFixture.use { fixture in
            try fixture.suite.changeContainerd("\(change) \"$1/ctr\"")
            try await fixture.suite.publish()
            let error = await #expect(throws: SourceError.self) { try await fixture.provided() }
            #expect(error?.description.contains("/usr/bin/ctr") == true, "\(error?.description ?? "")")
        }
    }
}
