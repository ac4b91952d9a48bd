import Archive
import ArgumentParser
import Building
import ExitCodes
import FileSystem
import FoundationEssentials
import Model
import Nightly
import Patches
import Paths
import Proving
import Publishing
import Report
import Runs
import SystemPackage

struct ExportCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Pack a recorded run into one archive, to hand it to somebody.",
        discussion: """
            The archive has one folder with the run's record, its lock and its verdict, all its logs, the patches of its series as the registry has \
            them now, the report as one HTML page, and a README that says which file is what. The binary is not in it: the lock and the patches say how \
            to build it again. Names, addresses and paths of this machine that the logs contain are in the archive too.

            Examples:
              ninepin export 20261127T081500-1a2b run.tar.gz
              ninepin export 20261127 run.tar.gz           the only run of that day
            """)

    @Argument(help: ArgumentHelp("The run's ID, or its beginning.", valueName: "run"), completion: Completion.runs) var id: String
    @Argument(
        help: ArgumentHelp("The archive to write, such as run.tar.gz. An existing file is not replaced.", valueName: "file"),
        completion: .file())
    var file: String
    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable {
        let run: String
        let file: String
        let bytes: Int64
        let entries: [String]
        let notes: [String]
    }

    func validate() throws {
        guard file.hasSuffix(".tar.gz") || file.hasSuffix(".tgz") else {
            throw ValidationError("the archive's name must end in .tar.gz or .tgz")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let ledger = try context.ledger()
        let run = try ledger.run(try ledger.id(beginningWith: id))
        let place = FilePath(file)
        guard !Files.exists(place) else { throw Files.refusal("write", place, "it exists, and is not replaced") }
        let contents = try RunExport(run, ledger: ledger, registry: try context.catalogue.registry())
        let output = try OutputFile(place)
        do {
            try ArchiveWriter.write(contents.entries.count, to: output.path) { index in
                try Task.checkCancellation()
                return try contents.entry(index)
            }
        } catch {
            output.discard()
            throw error
        }
        try output.finish()
        let document = Document(
            run: run.id, file: file, bytes: Files.bytes(of: place) ?? 0, entries: contents.entries.map(\.name), notes: contents.notes)
        for note in contents.notes { context.events(.note(note)) }
        try context.show(document) { $0.text("\(file)") }
        return .good
    }
}

/// What an archive of a run contains.
struct RunExport {
    /// A file of the archive, and where its bytes come from.
    struct Entry {
        enum Origin {
            case bytes([UInt8])
            case file(FilePath)
        }

        let name: String
        let about: String
        let origin: Origin
    }

    private(set) var entries: [Entry] = []
    private(set) var notes: [String] = []
    private let top: String

    /// The largest log that is packed, in bytes. A log of a node is renamed at 64 MiB.
    static let mostBytes: Int64 = 256 << 20

    /// Gathers the files of a run.
    ///
    /// - Throws: `LedgerError`; `FileError`; `EncodingError`.
    init(_ run: Run, ledger: Ledger, registry: Registry) throws {
        top = "ninepin-run-\(run.id)"
        let folder = try ledger.place(of: run.id)
        add("run.json", "the record: what was built from what, how it was booted, and the verdict", try JSONDocument.bytes(of: run))
        if let lock = run.lock { add("lock.json", "the exact source", try JSONDocument.bytes(of: lock)) }
        add("verdict.json", "the verdict with its evidence", try JSONDocument.bytes(of: run.verdict))
        for log in try ledger.logs(of: run.id) { try add(log, in: folder) }
        for name in run.series { try add(name, of: registry) }
        let document = try ReportBuilder(ledger, registry: registry).document(of: [run], title: "run \(run.id)", now: Self.time(of: run))
        add("report.html", "the same for people: open it in a browser", HTMLReport(document).singleFile)
        entries.append(Entry(name: "README", about: "", origin: .bytes(Array(readme(run).utf8))))
    }

    /// When a run began, so that the same run gives the same archive. Another program may have written a time that cannot be read.
    private static func time(of run: Run) -> Date {
        do { return try Date(run.started, strategy: .iso8601) } catch { return Date(timeIntervalSince1970: 0) }
    }

    /// Reads an entry for the archive.
    ///
    /// - Throws: `FileError` if a file changed or cannot be read.
    func entry(_ index: Int) throws -> ArchiveWriter.Entry {
        let entry = entries[index]
        let bytes: [UInt8] =
            switch entry.origin {
            case .bytes(let bytes): bytes
            case .file(let path): try Files.read(path, from: 0, count: Int(Self.mostBytes))
            }
        return ArchiveWriter.Entry(path: "\(top)/\(entry.name)", bytes: bytes)
    }

    private mutating func add(_ name: String, _ about: String, _ bytes: [UInt8]) {
        entries.append(Entry(name: name, about: about, origin: .bytes(bytes)))
    }

    /// Adds a log that is in the run's folder itself and not behind a link. Any other is told and left out.
    private mutating func add(_ log: RecordedLog, in folder: FilePath) throws {
        let path: FilePath
        do { path = folder.appending(try ContainedPath(Array(log.name.utf8))) } catch {
            return notes.append("\(log.name) is left out: it \(error)")
        }
        guard Files.exists(path) else { return notes.append("\(log.name) is left out: it was removed") }
        guard try Files.realPath(path) == Files.realPath(folder).appending(log.name) else {
            return notes.append("\(log.name) is left out: it is a link")
        }
        guard let bytes = Files.bytes(of: path), bytes <= Self.mostBytes else {
            return notes.append("\(log.name) is left out: it has more than \(Self.mostBytes >> 20) MiB")
        }
        if let digest = log.digest, try Files.digest(of: path) != digest {
            notes.append("\(log.name) is not what was recorded: it was changed")
        }
        entries.append(Entry(name: "logs/\(log.name)", about: "a log of the run", origin: .file(path)))
    }

    private mutating func add(_ name: PatchName, of registry: Registry) throws {
        guard let entry = registry.entries.first(where: { $0.name == name }) else {
            return notes.append("the patch \(name) is left out: the registry no longer has it")
        }
        for variant in entry.variants {
            add("patches/\(name)/\(variant.name).patch", "a variant of a patch of the series", try registry.text(variant, of: entry))
        }
    }

    private func readme(_ run: Run) -> String {
        let files = entries.map { "  \($0.name): \($0.about)" }.joined(separator: "\n")
        let series = run.series.isEmpty ? "none" : run.series.map(\.description).joined(separator: ",")
        let left = notes.isEmpty ? "" : "\nNotes:\n" + notes.map { "  \($0)" }.joined(separator: "\n") + "\n"
        return """
            Run \(run.id) of ninepin \(run.tools["ninepin"] ?? "(unknown version)"): \(run.verdict.title)

            Recipe \(run.recipe.isEmpty ? "none" : run.recipe), series \(series), layout \(run.layout.rawValue).

            \(files)
            \(left)
            """
    }
}
