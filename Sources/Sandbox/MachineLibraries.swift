import ELF
import ExitCodes
import FileSystem
import Glibc
import Host
import Model
import Paths
import SystemPackage

/// The error for a program or library with an invalid dependency.
package struct LibraryError: ExitStatusError, Sendable, CustomStringConvertible {
    /// The file, the reason, and what to do.
    package let description: String

    init(_ file: FilePath, _ reason: String) {
        description = """
            cannot determine the libraries of \(file): \(reason)
                It was not run. Check its origin, or build it as a static binary.
            """
    }

    package var exitStatus: ExitStatus { .data }
}

/// Finds the shared libraries that programs need, searching the machine's directories like the loader (ld.so(8)), without loading or
/// running anything.
///
/// Uses the directories in /etc/ld.so.conf, not the cache created by ldconfig(8). Environment variables are ignored.
struct MachineLibraries {
    /// The maximum number of libraries for a program. kubelet needs three; a browser needs a hundred.
    private static let most = 1024

    private struct Kind: Hashable {
        let isWide: Bool
        let machine: UInt16
    }

    /// A file whose libraries are to be found, and the files that need it.
    private struct Loaded {
        let path: FilePath
        let file: ElfFile
        let askedBy: [(folder: String, paths: String?)]
    }

    private let folders: [String]

    /// - Parameter configuration: the path of ld.so.conf(5).
    init(configuration: String = "/etc/ld.so.conf") {
        let standard = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"]
        folders = Self.folders(in: configuration, depth: 0) + standard
    }

    /// The paths of all libraries that programs need, and of their loaders. Libraries that are not found are omitted; the loader in the
    /// sandbox will report them by name.
    ///
    /// - Throws: `LibraryError` for an ELF file that is damaged or that names a library by path; `FileError`.
    func paths(of programs: [FilePath]) throws -> [String] {
        var found = Set<String>()
        for program in programs { try add(program, to: &found) }
        return found.sorted()
    }

    private func add(_ program: FilePath, to found: inout Set<String>) throws {
        let real = try Files.realPath(program)
        guard let file = try Self.read(real, named: program) else { return }
        let kind = Kind(isWide: file.isWide, machine: file.machine)
        var names = Set<String>()
        if let loader = try file.interpreter.map({ try Self.loader($0, of: program) }), try Self.library(at: loader, kind) != nil {
            found.insert(loader.string)
            // The C library depends on its loader, which was already added.
            if let name = loader.lastComponent?.string { names.insert(name) }
        }
        var waiting = [Loaded(path: real, file: file, askedBy: [])][...]
        while let next = waiting.popFirst() {
            for name in next.file.needed where names.insert(name).inserted {
                guard (try? ContainedPath(name: Array(name.utf8))) != nil else {
                    throw LibraryError(program, "\(next.path) needs \(ContainedPath.quoted(name.utf8)), which is not a library name")
                }
                guard names.count <= Self.most else { throw LibraryError(program, "it needs more than \(Self.most)") }
                guard let (path, library) = try find(name, for: next, kind) else { continue }
                found.insert(path.string)
                waiting.append(Loaded(path: path, file: library, askedBy: next.askedBy + [(Self.folder(of: next), next.file.oldPath)]))
            }
        }
    }

    /// The library in the first directory that has one with this name and for the same machine.
    private func find(_ name: String, for loaded: Loaded, _ kind: Kind) throws -> (FilePath, ElfFile)? {
        var own: [String] = []
        if let path = loaded.file.runPath {
            own = Self.folders(in: path, origin: Self.folder(of: loaded))
        } else {
            // The older tag (RPATH) also applies to the dependencies of a library.
            for (origin, path) in [(Self.folder(of: loaded), loaded.file.oldPath)] + loaded.askedBy.reversed() {
                own += path.map { Self.folders(in: $0, origin: origin) } ?? []
            }
        }
        for folder in own + folders {
            let place = FilePath(folder).appending(name).lexicallyNormalized()
            if let library = try Self.library(at: place, kind) { return (place, library) }
        }
        return nil
    }

    private static func folder(of loaded: Loaded) -> String { loaded.path.removingLastComponent().string }

    /// Reads a library of the given kind; nil for any other file with that name.
    private static func library(at path: FilePath, _ kind: Kind) throws -> ElfFile? {
        do {
            guard let file = try read(path, named: path), file.isWide == kind.isWide, file.machine == kind.machine else { return nil }
            return file
        } catch is LibraryError { return nil }
    }

    /// Reads an ELF file; nil if it does not exist or is not an ELF file.
    private static func read(_ path: FilePath, named name: FilePath) throws -> ElfFile? {
        var status = stat()
        guard stat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        do { return try ElfFile { try Files.read(path, from: $0, count: $1) } } catch ElfFault.notELF { return nil } catch let fault
            as ElfFault
        {
            throw LibraryError(name, fault.description)
        }
    }

    private static func loader(_ name: String, of program: FilePath) throws(LibraryError) -> FilePath {
        guard name.hasPrefix("/"), ContainedPath(String(name.dropFirst())) != nil else {
            throw LibraryError(program, "its loader is \(ContainedPath.quoted(name.utf8)), which is not an absolute path")
        }
        return FilePath(name)
    }

    /// The directories in a tag. A relative path would depend on the program's working directory.
    private static func folders(in text: String, origin: String) -> [String] {
        let tokens = [("ORIGIN", origin), ("LIB", "lib/x86_64-linux-gnu")]
        let folders = text.split(separator: ":").prefix(64).map { folder in
            tokens.reduce(String(folder)) { $0.replacing("${\($1.0)}", with: $1.1).replacing("$\($1.0)", with: $1.1) }
        }
        return folders.filter { $0.hasPrefix("/") && !$0.contains("$") }
    }

    /// The directories listed in an ldconfig configuration file and the files that it includes.
    private static func folders(in configuration: String, depth: Int) -> [String] {
        guard depth < 4, let text = try? Files.read(FilePath(configuration), from: 0, count: 1 << 16) else { return [] }
        var folders: [String] = []
        for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
            if words.first == "include" {
                let base = FilePath(configuration).removingLastComponent()
                folders += words.dropFirst().flatMap { matches(base.pushing(FilePath($0)).string) }.flatMap {
                    Self.folders(in: $0, depth: depth + 1)
                }
            } else if let folder = words.first, folder.hasPrefix("/") {
                folders.append(folder)
            }
        }
        return folders
    }

    /// The files that match a shell pattern, sorted.
    private static func matches(_ pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
    }
}
