import FileSystem
import FoundationEssentials
import GoToolchain
import Host
import Model
import SystemPackage
import Testing

@testable import Building

@Suite("Where a Go that pip has not comes from")
struct GoRemedyTests {
    /// What is told on a machine with this os-release(5) and these apt sources, if pip does not help.
    private func told(
        _ release: String, sources: String = "", environment: [String: String] = [:], range: String = ">=1.19 <1.20",
        pip: GoWheelError = .noPip
    ) async throws -> any Error {
        let root = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-go-\(UUID())").path)
        defer { try? Files.remove(root) }
        try Files.makeDirectory(root.appending("etc/apt"))
        try Files.makeDirectory(root.appending("usr/share/keyrings"))
        try Files.write(release, to: root.appending("etc/os-release"))
        try Files.write(sources, to: root.appending("etc/apt/sources.list"))
        try Files.write("", to: root.appending("usr/share/keyrings/debian-archive-keyring.gpg"))
        let host = Host(
            environment: environment, workspace: root.appending("workspace"), project: root, isRoot: true, machine: root)
        let range = try #require(VersionRange(range))
        let error = await #expect(throws: (any Error).self) { try await GoRemedy.explaining(range, on: host) { throw pip } }
        return try #require(error)
    }

    private let trixie = "ID=debian\nVERSION_ID=13\nVERSION_CODENAME=trixie\n"

    @Test("on Debian 13 the commands are complete: this machine's mirror and keys, one suite more with a low priority, and the package")
    func thirteen() async throws {
        let error = try await told(trixie, sources: "deb http://d.example.org/debian trixie main\n")
        let lines = "\(error)".split(separator: "\n").map { $0.drop { $0 == " " } }
        try #require(lines.count == 5, "\(lines)")
        #expect(lines[0] == "no Go >=1.19 <1.20 is available from pip, nor installed" && lines[1] == "As root:")
        #expect(lines[2].contains("/usr/share/keyrings/debian-archive-keyring.gpg] http://d.example.org/debian bookworm main' > /etc/apt/"))
        #expect(lines[3].hasPrefix("printf 'Package: *\\nPin: release n=bookworm\\nPin-Priority: 100\\n' > /etc/apt/preferences.d/"))
        #expect(lines[4] == "apt-get update && apt-get install golang-1.19-go")
        #expect(error is GoRemedy)
    }

    @Test("whatever the mirror is, it is one quoted word of the command, and a password in it is not shown")
    func mirror() async throws {
        let words = "\(try await told(trixie, environment: ["NINEPIN_DEBIAN_MIRROR": "http://u:secret@h/d'$(id)"]))"
        #expect(words.contains("apt_auth.conf(5)") && words.contains(#"http://h/d'\''$(id) bookworm main' >"#), "\(words)")
        #expect(!words.contains("secret"))
    }

    @Test("a platform with the package says its name, one without a known mirror has a word in its place, and Fedora is told of setup")
    func others() async throws {
        #expect("\(try await told("ID=debian\nVERSION_ID=12\n"))".hasSuffix("As root:\n    apt-get install golang-1.19-go"))
        let ubuntu = "\(try await told("ID=ubuntu\nVERSION_ID=24.04\n"))"
        #expect(ubuntu.contains("MIRROR is the address") && ubuntu.contains("] MIRROR bookworm main'"), "\(ubuntu)")
        let fedora = "\(try await told("ID=fedora\nVERSION_ID=44\n"))"
        #expect(fedora.contains("./setup in a clone") && !fedora.contains("apt-get"), "\(fedora)")
    }

    @Test("where no package fits, and for any other failure, the first error stays")
    func unchanged() async throws {
        #expect(try await told(trixie, range: ">=9.9") is GoWheelError)
        #expect(try await told("ID=plan9\n") is GoWheelError)
        let host = Host(environment: [:], workspace: "/w", project: "/p", isRoot: true)
        let range = try #require(VersionRange(">=1.19 <1.20"))
        await #expect(throws: CancellationError.self) { try await GoRemedy.explaining(range, on: host) { throw CancellationError() } }
    }
}
