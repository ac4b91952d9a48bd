import FileSystem
import Host
import Model
import SystemPackage
import Testing

@testable import Sandbox

@Suite("What root file systems share")
struct SharedRootTests {
    private func shared(_ folder: Folder, _ program: FilePath) -> SharedRoot {
        var shared = SharedRoot(on: folder.host)
        shared.program(program, as: "/usr/bin/tool")
        shared.link("/usr/bin/other", to: "tool")
        shared.link("/usr/bin/tool", to: "nothing")
        return shared
    }

    private func keep(_ shared: SharedRoot, _ folder: Folder) throws -> FilePath {
        try shared.kept(in: folder.path.appending("cache"), making: folder.path.appending("unfinished"))
    }

    @Test("it is made once: whoever wants the same finds it there")
    func once() throws {
        let folder = try Folder()
        let shared = shared(folder, try folder.program("tool", "one"))
        let place = try keep(shared, folder)
        try Files.write("seen", to: place.appending("mark"))
        #expect(try keep(shared, folder) == place)
        #expect(Files.exists(place.appending("mark")))
        #expect(!Files.exists(folder.path.appending("unfinished")))
    }

    @Test("a program of other bytes makes another one, and the first stays as it was")
    func changed() throws {
        let folder = try Folder()
        let shared = shared(folder, try folder.program("tool", "one"))
        let first = try keep(shared, folder)
        _ = try folder.program("tool", "two")
        let second = try keep(shared, folder)
        #expect(first != second)
        #expect(try Files.read(first.appending("usr/bin/tool")) == Array("one".utf8))
        #expect(try Files.read(second.appending("usr/bin/tool")) == Array("two".utf8))
    }

    @Test("a link that leads elsewhere makes another one")
    func links() throws {
        let folder = try Folder()
        var shared = shared(folder, try folder.program("tool", "one"))
        let first = try keep(shared, folder)
        shared.link("/usr/bin/other", to: "elsewhere")
        let second = try keep(shared, folder)
        #expect(first != second)
        #expect(Files.linkTarget(second.appending("usr/bin/other")) == "elsewhere")
    }

    @Test("a link never takes the place of a program")
    func program() throws {
        let folder = try Folder()
        let place = try keep(shared(folder, try folder.program("tool", "one")), folder)
        #expect(Files.linkTarget(place.appending("usr/bin/tool")) == nil)
        #expect(Files.linkTarget(place.appending("usr/bin/other")) == "tool")
    }

    @Test("a bundle that cannot share has a copy of its own, and its files are among them")
    func copied() throws {
        let folder = try Folder()
        let bundle = try shared(folder, try folder.program("tool", "one")).copied(at: folder.path.appending("bundle"))
        #expect(bundle.own == bundle.root)
        #expect(try Files.read(bundle.root.appending("usr/bin/tool")) == Array("one".utf8))
        #expect(Files.linkTarget(bundle.root.appending("usr/bin/other")) == "tool")
    }
}
