import FileSystem
import Glibc
import Host
import Model
import SystemPackage
import Testing

@Suite("Removal")
struct RemovalTests {
    @Test("a tree that is deeper than a path can be long is removed, and what a link in it leads to stays")
    func deep() throws {
        let folder = try Folder()
        let (top, kept) = (folder.path.appending("deep"), folder.path.appending("kept"))
        try Files.makeDirectory(top)
        try Files.makeDirectory(kept)
        try Files.write("x", to: kept.appending("file"))
        var inner = open(top.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        for _ in 0..<3000 {
            try #require(mkdirat(inner, "folder", 0o755) == 0 && symlinkat(kept.string, inner, "link") == 0)
            let next = openat(inner, "folder", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            close(inner)
            inner = next
        }
        close(inner)
        try Files.remove(top)
        #expect(!Files.exists(top))
        #expect(try Files.readText(kept.appending("file")) == "x")
    }

    @Test("what cannot be removed is told, and all beside it is removed")
    func goesOn() throws {
        let folder = try Folder()
        let (top, stuck) = (folder.path.appending("top"), folder.path.pushing("top/m/stuck"))
        for name in ["a", "m/stuck", "z"] { try Files.makeDirectory(top.pushing(FilePath(name))) }
        for name in ["a/file", "m/stuck/file", "z/file"] { try Files.write("x", to: top.pushing(FilePath(name))) }
        try Self.protect(stuck, isProtected: true)
        defer { try? Self.protect(stuck, isProtected: false) }
        let error = #expect(throws: FileError.self) { try Files.remove(top) }
        #expect(error?.path.string.hasPrefix(stuck.string) == true, "\(String(describing: error))")
        #expect(Files.names(in: top) == ["m"])
    }

    /// A folder from which nothing can be removed: without write permission for a user, and with its own mount for root, which permissions
    /// do not restrict.
    private static func protect(_ folder: FilePath, isProtected: Bool) throws {
        if getuid() != 0 {
            try #require(chmod(folder.string, isProtected ? 0o555 : 0o755) == 0)
        } else if isProtected {
            try #require(mount("none", folder.string, "tmpfs", 0, nil) == 0)
        } else {
            try #require(umount(folder.string) == 0)
        }
    }

    @Test("names that are no UTF-8 are removed, a link as such, and what is not there is no error")
    func odd() throws {
        let folder = try Folder()
        let top = folder.path.appending("top")
        try Files.makeDirectory(top)
        let above = open(top.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(above) }
        let name: [CChar] = [-1, 97, 0]
        try #require(mkdirat(above, name, 0o755) == 0)
        try #require(symlinkat("nowhere", above, "dangling") == 0)
        try Files.remove(top)
        try Files.remove(top)
        #expect(!Files.exists(top))
    }
}
