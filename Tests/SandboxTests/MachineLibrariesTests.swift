import FileSystem
import Foundation
import Host
import Model
import Sandbox
import SystemPackage
import Testing
import TestInputs

@Suite("Libraries of programs")
struct MachineLibrariesTests {
    /// Runs one of the machine's own programs.
    @discardableResult
    private func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(program) \(arguments)")
        return String(decoding: output, as: UTF8.self)
    }

    /// A library or a program compiled for the test.
    private func compile(_ text: String, _ arguments: [String], in folder: Folder, as name: String) throws -> FilePath {
        let source = folder.path.appending("\(name).c")
        try Files.write(text, to: source)
        let place = folder.path.appending(name)
        try run("/usr/bin/gcc", ["-o", place.string, source.string] + arguments)
        return place
    }

    private func root(_ folder: Folder) throws -> (root: RootFileSystem, path: FilePath) {
        let path = folder.path.appending("sandbox/root")
        try Files.makeDirectory(path)
        return (RootFileSystem(at: path, on: folder.host), path)
    }

    @Test("they are those that the machine's loader itself names, by the same paths", arguments: ["bash", "git", "openssl", "tar"])
    func sameAsLoader(name: String) async throws {
        let folder = try Folder()
        let program = try #require(folder.host.program(name))
        let (root, path) = try root(folder)
        try await root.libraries(of: [program])
        let listed = try run("/usr/bin/ldd", [program.string]).split(separator: "\n").compactMap { line in
            line.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("/") }.map(String.init)
        }
        #expect(!listed.isEmpty)
        #expect(
            Set(Files.paths(below: path).map { "/\($0)" }.filter { !Files.isDirectory(path.appending(String($0.dropFirst()))) })
                == Set(listed))
    }

    @Test("nothing of a binary is run, nor of what it names: no auditor, no loader, no library")
    func runsNothing() async throws {
        let folder = try Folder()
        let mark = folder.path.appending("was-run")
        let evil = """
            #include <fcntl.h>
            #include <unistd.h>
            static void leave(void) { close(open("\(mark)", O_CREAT | O_WRONLY, 0644)); }
            __attribute__((constructor)) static void made(void) { leave(); }
            unsigned int la_version(unsigned int version) { leave(); return version; }
            int evil(void) { leave(); return 0; }
            """
        let audit = try compile(evil, ["-shared", "-fPIC"], in: folder, as: "audit.so")
        let library = try compile(evil, ["-shared", "-fPIC"], in: folder, as: "libevil.so")
        let program = try compile(
            "int evil(void); int main(void) { return evil(); }",
            ["-Wl,--audit=\(audit)", "-L\(folder.path)", "-levil", "-Wl,-rpath,$ORIGIN"], in: folder, as: "program")
        let (root, path) = try root(folder)
        try await root.libraries(of: [program])
        #expect(!Files.exists(mark))
        #expect(Files.exists(path.pushing(FilePath(String(try Files.realPath(library).string.dropFirst())))))
    }

    @Test(
        "a library that is named by a path is refused, and nothing is copied out of the root file system",
        arguments: ["/etc/../opt/evil.so", "../../evil.so", "a/../../evil.so", "/evil.so", ".."])
    func paths(name: String) async throws {
        let folder = try Folder()
        let place = folder.path.appending("evil.so")
        try Files.write(WrittenElf().bytes, to: place)
        let named = name.replacing("/etc/..", with: "\(folder.path)/x/..").replacing(
            "/evil", with: name.hasPrefix("/") ? "\(folder.path)/evil" : "/evil")
        try Files.makeDirectory(folder.path.appending("x"))
        let program = folder.path.appending("program")
        try Files.write(WrittenElf(interpreter: "/lib64/ld-linux-x86-64.so.2", needed: [named]).bytes, to: program, mode: 0o755)
        let (root, path) = try root(folder)
        let error = await #expect(throws: LibraryError.self) { try await root.libraries(of: [program]) }
        #expect(error?.description.contains("program") == true)
        #expect(Files.paths(below: path).isEmpty)
        #expect(Files.names(in: folder.path.appending("sandbox")) == ["root"])
    }

    @Test("a loader that is no path from the root, or leads upwards, is refused", arguments: ["ld.so", "/lib/../../x", "../x"])
    func loaders(name: String) async throws {
        let folder = try Folder()
        let program = folder.path.appending("program")
        try Files.write(WrittenElf(interpreter: name).bytes, to: program)
        let (root, _) = try root(folder)
        await #expect(throws: LibraryError.self) { try await root.libraries(of: [program]) }
    }

    @Test(
        "libraries of libraries are found, in a circle too, beside the file and above it; what is no library for the machine is not taken")
    func transitive() async throws {
        let folder = try Folder()
        let top = try Files.realPath(folder.path)
        for name in ["bin", "lib", "wrong"] { try Files.makeDirectory(top.appending(name)) }
        try Files.write(
            WrittenElf(needed: ["libone.so", "libsecret.so"], runPath: "relative::\(top)/wrong:$ORIGIN/../lib").bytes,
            to: top.appending("bin/program"))
        try Files.write(WrittenElf(needed: ["libtwo.so"], runPath: "${ORIGIN}").bytes, to: top.appending("lib/libone.so"))
        try Files.write(WrittenElf(needed: ["libone.so"], runPath: "$ORIGIN").bytes, to: top.appending("lib/libtwo.so"))
        try Files.write("a secret", to: top.appending("wrong/libsecret.so"))
        try Files.write(WrittenElf(isWide: false, machine: 3).bytes, to: top.appending("wrong/libone.so"))
        let (root, path) = try root(folder)
        try await root.libraries(of: [top.appending("bin/program")])
        let inside = path.pushing(FilePath(String(top.string.dropFirst())))
        #expect(Files.names(in: inside.appending("lib")) == ["libone.so", "libtwo.so"])
        #expect(!Files.exists(inside.appending("wrong")))
    }

    @Test("a script, a static program, and a file for another machine need nothing; a binary that is cut off is refused by its name")
    func plain() async throws {
        let folder = try Folder()
        let (root, path) = try root(folder)
        let files: [(String, [UInt8])] = [
            ("script", Array("#!/bin/sh\n".utf8)), ("static", WrittenElf().bytes), ("arm", WrittenElf(machine: 183).bytes),
        ]
        for (name, bytes) in files { try Files.write(bytes, to: folder.path.appending(name)) }
        try await root.libraries(of: files.map { folder.path.appending($0.0) })
        #expect(Files.paths(below: path).isEmpty)
        let cut = folder.path.appending("cut-off")
        try Files.write(Array(WrittenElf(needed: ["libc.so.6"]).bytes.dropLast(4)), to: cut)
        let error = await #expect(throws: LibraryError.self) { try await root.libraries(of: [cut]) }
        #expect(error?.description.contains("cut-off") == true)
    }

    @Test("a path of the root file system that leads upwards, or through a link that leads out, is refused, and nothing is written there")
    func insideOnly() throws {
        let folder = try Folder()
        let (root, path) = try root(folder)
        let outside = folder.path.appending("outside")
        try Files.makeDirectory(outside)
        try root.link("/out", to: outside.string)
        try root.link("/up", to: "../..")
        for place in ["/../x", "/a/../../x", "..", "/out/x", "/up/x", "/out/a/b"] {
            #expect(throws: FileError.self, "\(place)") { try root.file(place, "x") }
            #expect(throws: FileError.self, "\(place)") { try root.program("/bin/true", as: place) }
            #expect(throws: FileError.self, "\(place)") { try root.directories([place]) }
            #expect(throws: FileError.self, "\(place)") { try root.link(place, to: "x") }
        }
        #expect(Files.names(in: outside).isEmpty)
        #expect(Files.names(in: folder.path.appending("sandbox")) == ["root"])
        try root.link("/leaf", to: "\(outside)/leaf")
        try root.file("/leaf", "x")
        try root.program("/bin/true", as: "/leaf2")
        #expect(Files.names(in: outside).isEmpty)
        #expect(try Files.read(path.appending("leaf")) == [0x78])
    }
}
