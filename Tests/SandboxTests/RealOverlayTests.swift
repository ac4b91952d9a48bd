import FileSystem
import FoundationEssentials
import Host
import Model
import SystemPackage
import Testing

@testable import Sandbox

/// Mounts in the command's own namespace; requires root and a kernel with overlayfs.
@Suite("The real thing: a root file system over a shared one")
struct RealOverlayTests {
    private func bundle(_ folder: Folder) async throws -> (bundle: Bundle, shared: FilePath) {
        var shared = SharedRoot(on: folder.host)
        shared.program(try folder.program("tool", "shared"), as: "/usr/bin/tool")
        let cache = folder.path.appending("cache")
        let (bundle, refusal) = try await shared.bundle(at: folder.path.appending("bundle, with: a comma"), cache: cache)
        #expect(refusal == nil)
        let name = try #require(Files.names(in: cache).first)
        return (bundle, cache.appending(name).appending("usr/bin/tool"))
    }

    private func script(_ text: String, _ bundle: Bundle, _ folder: Folder) -> Command {
        bundle.command("/bin/sh", ["-c", "cd \"$1/rootfs\" && \(text)", "sh", bundle.path.string], on: folder.host)
    }

    private var mounts: String {
        get async throws { try await Command("/bin/cat", ["/proc/mounts"], environment: [:], on: Folder().host).output() }
    }

    @Test("what a command writes, removes and changes in place is its own: what is shared stays as it was")
    func isolated() async throws {
        let folder = try Folder()
        let (bundle, shared) = try await bundle(folder)
        let words = "cat usr/bin/tool; printf changed > usr/bin/tool; cat usr/bin/tool; rm usr/bin/tool; ls usr/bin; echo new > usr/bin/new"
        #expect(try await script(words, bundle, folder).output() == "sharedchanged\n")
        #expect(try Files.read(shared) == Array("shared".utf8))
        #expect(Files.names(in: shared.removingLastComponent()) == ["tool"])
        #expect(Files.exists(bundle.own.appending("usr/bin/new")))
    }

    @Test("the bundle's own files and the shared ones are seen in one place, and by nobody else")
    func joined() async throws {
        let folder = try Folder()
        let (bundle, _) = try await bundle(folder)
        try RootFileSystem(at: bundle.own, on: folder.host).file("/usr/bin/own", "own")
        #expect(try await script("cat usr/bin/own usr/bin/tool", bundle, folder).output() == "ownshared\n")
        #expect(Files.names(in: bundle.root).isEmpty)
        #expect(try await !mounts.contains(folder.path.string))
    }

    @Test("a command that is stopped leaves nothing mounted")
    func stopped() async throws {
        let folder = try Folder()
        let (bundle, _) = try await bundle(folder)
        let (seen, _) = try await script("echo ready; sleep 600", bundle, folder).watch([String]()) { seen, event, _ in
            guard case .line(_, let line) = event else { return .proceed }
            seen.append(String(decoding: line, as: UTF8.self))
            return .stop
        }
        #expect(seen == ["ready"])
        #expect(try await !mounts.contains(folder.path.string))
    }
}
