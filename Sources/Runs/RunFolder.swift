import FileSystem
import FoundationEssentials
import Glibc
import Model
import Paths
import SystemPackage

/// A recorded run as its folder has it: `run.json` and the logs. The folder is the source of truth; the database only repeats it.
struct RunFolder: Sendable {
    /// A log of a run, by its path in the folder.
    struct Log: Hashable, Sendable {
        let name: String
        /// The SHA-256 of its content; nil if it could not be read.
        let digest: Digest?
        let bytes: Int64
    }

    let run: Run
    let logs: [Log]
    /// The length of all files in the folder.
    let bytes: Int64

    /// The limits of what is looked at in a run's folder.
    private static let limits = (documentBytes: 64 << 20, depth: 8, files: 10_000)
    /// The files that are no logs.
    private static let documents: Set<String> = ["run.json", "lock.json", "verdict.json"]

    /// Describes a run whose files are in a folder.
    init(_ run: Run, at folder: FilePath) {
        let files = Self.files(in: folder)
        self.run = run
        logs = files.filter { !Self.documents.contains($0.name) }.map { file in
            // A log that cannot be read is no reason to lose the run.
            Log(name: file.name, digest: try? Files.digest(of: folder.appending(file.name)), bytes: file.bytes)
        }
        bytes = files.reduce(0) { $0 + $1.bytes }
    }

    /// Reads a recorded run with its logs.
    ///
    /// - Throws: as ``run(_:in:)``.
    init(reading id: String, in runs: FilePath) throws { self.init(try Self.run(id, in: runs), at: try Self.place(of: id, in: runs)) }

    /// Reads the record of a run.
    ///
    /// - Throws: `FileError`; `DecodingError` if the record is from another version of Ninepin, or contains another run's ID.
    static func run(_ id: String, in runs: FilePath) throws -> Run {
        let path = try place(of: id, in: runs).appending("run.json")
        let bytes = try Files.read(path, from: 0, count: limits.documentBytes + 1)
        guard bytes.count <= limits.documentBytes else {
            throw Files.refusal("read", path, "it has more than \(limits.documentBytes >> 20) MiB")
        }
        let run = try JSONDecoder().decode(Run.self, from: Data(bytes))
        guard run.id == id else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "the record of \(id) claims to be \(run.id)"))
        }
        return run
    }

    /// The folder of a run.
    ///
    /// - Throws: `FileError` for a name that `RecordName` cannot produce, because it might lead out of the runs folder.
    static func place(of id: String, in runs: FilePath) throws(FileError) -> FilePath {
        guard isName(id) else { throw Files.refusal("find the run", runs, "\(ContainedPath.quoted(id.utf8)) is not a valid run name") }
        do throws(PathFault) { return runs.appending(try ContainedPath(name: Array(id.utf8))) } catch {
            throw Files.refusal("find the run", runs, "\(ContainedPath.quoted(id.utf8)) \(error)")
        }
    }

    /// Whether a name can be a run's: ASCII letters, digits, `-` and `.`, beginning with a letter or digit.
    static func isName(_ id: String) -> Bool {
        func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
            default: false
            }
        }
        guard let first = id.utf8.first, isWord(first) else { return false }
        return id.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    /// The regular files below a folder with their lengths, sorted by name. Links are not followed.
    private static func files(in folder: FilePath) -> [(name: String, bytes: Int64)] {
        var found: [(name: String, bytes: Int64)] = []
        var waiting = [(name: "", depth: 0)]
        while let next = waiting.popLast() {
            for name in Files.names(in: next.name.isEmpty ? folder : folder.appending(next.name)) where found.count < limits.files {
                let path = next.name.isEmpty ? name : "\(next.name)/\(name)"
                var status = stat()
                guard lstat(folder.appending(path).string, &status) == 0 else { continue }
                switch status.st_mode & S_IFMT {
                case S_IFREG: found.append((path, Int64(status.st_size)))
                case S_IFDIR: if next.depth < limits.depth { waiting.append((path, next.depth + 1)) }
                default: break
                }
            }
        }
        return found.sorted { $0.name < $1.name }
    }

    /// Waits until the folder's files are on the disk.
    static func synchronize(_ folder: FilePath) throws(FileError) {
        let names = files(in: folder).map(\.name)
        for name in names { try Files.synchronize(folder.appending(name)) }
        for parent in Set(names.map { FilePath($0).removingLastComponent() }) { try Files.synchronize(folder.pushing(parent)) }
    }
}
