import Archive
import Foundation
import Glibc
import SystemPackage

/// A test's own folder, where other programs create archives. It is removed at the end.
final class ArchiveFixture {
    let path: FilePath

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ninepin-archive-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = FilePath(folder.path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }

    func place(_ name: String) -> FilePath { path.appending(name) }

    /// The sorted names in the folder; nothing may appear besides what the test created.
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path.string)) ?? []).sorted() }

    /// Runs a program and returns its output.
    @discardableResult
    func run(_ program: String, _ arguments: String...) throws -> String { try run(program, arguments) }

    @discardableResult
    func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.currentDirectoryURL = URL(filePath: path.string)
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        while process.isRunning { usleep(2_000) }
        guard process.terminationStatus == 0 else { throw Failed(program: program) }
        return String(decoding: output, as: UTF8.self)
    }

    /// Creates `NAME` with Python's tarfile. The lines are the body of a function that has an archive `tar`, and the functions `file`,
    /// `link`, `hard`, `folder` and `odd` to add entries.
    func tar(_ lines: String, as name: String = "a.tar") throws -> FilePath {
        let program = """
            import io, sys, tarfile
            def info(name, kind, mode=0o644):
                one = tarfile.TarInfo(name)
                one.type, one.mode = kind, mode
                return one
            tar = tarfile.open('\(name)', 'w', format=tarfile.PAX_FORMAT, errors='surrogateescape')
            def file(name, text='x', mode=0o644):
                one = info(name, tarfile.REGTYPE, mode)
                one.size = len(text)
                tar.addfile(one, io.BytesIO(text.encode()))
            def folder(name): tar.addfile(info(name, tarfile.DIRTYPE, 0o755))
            def odd(name, kind): tar.addfile(info(name, kind))
            def link(name, to, kind=tarfile.SYMTYPE):
                one = info(name, kind)
                one.linkname = to
                tar.addfile(one)
            def hard(name, to): link(name, to, tarfile.LNKTYPE)
            \(lines)
            tar.close()
            """
        try run("python3", "-c", program)
        return place(name)
    }

    /// Creates `NAME` with Python's zipfile: `add(name, text, mode)`.
    func zip(_ lines: String, as name: String = "a.zip") throws -> FilePath {
        let program = """
            import zipfile
            zip = zipfile.ZipFile('\(name)', 'w', zipfile.ZIP_DEFLATED)
            def add(name, text='x', mode=0o100644):
                one = zipfile.ZipInfo(name)
                one.external_attr, one.create_system, one.compress_type = mode << 16, 3, zipfile.ZIP_DEFLATED
                zip.writestr(one, text)
            \(lines)
            zip.close()
            """
        try run("python3", "-c", program)
        return place(name)
    }

    /// Every name below a folder with its type, executable bit, and content or target.
    func listing(_ folder: FilePath) throws -> String {
        let program = """
            import os, stat, sys
            root = os.fsencode(sys.argv[1])
            for place, folders, files in os.walk(root):
                for name in sorted(folders + files):
                    path = os.path.join(place, name)
                    facts = os.lstat(path)
                    kind = stat.S_IFMT(facts.st_mode)
                    content = b''
                    if kind == stat.S_IFLNK: content = os.readlink(path)
                    if kind == stat.S_IFREG: content = open(path, 'rb').read()
                    print(os.path.relpath(path, root).decode(errors='backslashreplace'), kind, facts.st_mode & 0o100 if kind == stat.S_IFREG else 0, content)
            """
        return try run("python3", "-c", program, folder.string).split(separator: "\n").sorted().joined(separator: "\n")
    }

    struct Failed: Error { let program: String }
}

/// The error from unpacking, after checking that nothing was kept.
func refusal(_ archive: FilePath, in fixture: ArchiveFixture, limits: Limits = Limits(), strip: Strip = .none) throws -> ArchiveError? {
    let before = fixture.names
    do {
        try Archive.unpack(archive, into: fixture.place("out"), limits: limits, strip: strip)
        return nil
    } catch let error as ArchiveError {
        guard fixture.names == before else { throw Kept(names: fixture.names) }
        return error
    }
}

struct Kept: Error { let names: [String] }
