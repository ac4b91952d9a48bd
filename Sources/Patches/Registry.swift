import ExitCodes
import FileSystem
import Git
import GitHistory
import Host
import Model
import SystemPackage
import UnifiedDiff

/// Why a patch is not available or does not apply.
package enum PatchesError: ExitStatusError, Sendable, CustomStringConvertible {
    /// There is no such patch, or the short name is ambiguous.
    case unknown(name: String, advice: String)
    /// The recipe's tree does not contain the upstream project.
    case noUpstream(PatchName, recipe: String, advice: String)
    /// A `.patch` file is not a valid patch.
    case malformed(file: String, PatchError)
    /// The message of a patch cannot be read as its author wrote it.
    case unreadable(file: String, PatchMessageError)
    /// No variant of the patch applies; includes the nearest one and how many of its lines match.
    case doesNotApply(PatchName, variant: String, nearness: String, upstreamPath: String, ApplyError)
    /// A new patch does not apply to the source of the recipe that it was made for.
    case doesNotFit(PatchName, origin: String, recipe: String, upstreamPath: String, ApplyError)
    /// Neither the registry nor a recipe has the upstream.
    case noSuchUpstream(String, known: [String])
    /// Several variants apply, and the versions do not determine which one to use.
    case ambiguous(PatchName, variants: [String])
    /// Upstream already contains the patch's change.
    case inUpstream(PatchName, variant: String, upstreamPath: String)
    /// A series names the patch twice.
    case twice(PatchName)
    /// None of the requested patches has a probe.
    case noProbe(series: String, recipe: String)

    /// What failed, where, and why.
    package var description: String {
        switch self {
        case .unknown(let name, let advice): "there is no patch '\(name)': \(advice)"
        case .noUpstream(let patch, let recipe, let advice):
            "\(patch) is for '\(patch.upstream)', which is not an upstream of recipe '\(recipe)': \(advice)"
        case .malformed(let file, let error): "\(file): \(error)"
        case .unreadable(let file, let error): "\(file): \(error)"
        case .doesNotApply(let patch, let variant, let nearness, let path, let error):
            "\(patch) (variant \(variant), \(nearness)) does not apply in \(path):\n\(error.description.indented)\n    The tree is unchanged."
        case .doesNotFit(let patch, let origin, let recipe, let path, let error):
            "\(origin): \(patch) does not apply to the source of recipe '\(recipe)', in \(path):\n\(error.description.indented)\n    Nothing was added."
        case .noSuchUpstream(let name, let known):
            "there is no upstream '\(name)'\(Spelling.nearest(to: name, among: known).map { ": did you mean '\($0)'?" } ?? ""); "
                + (known.isEmpty ? "none are known" : "known: \(known.joined(separator: ", "))")
                + "; a new one needs patches/\(name)/upstream.yaml (docs/patch.md)"
        case .inUpstream(let patch, let variant, let path):
            """
            \(patch) is already upstream: \(path) contains the change of its variant \(variant)
                Remove it from the series.
            """
        case .ambiguous(let patch, let variants):
            "\(patch): more than one variant applies (\(variants.joined(separator: ", "))), and the version does not determine which to use"
        case .twice(let patch): "\(patch) appears twice in the series"
        case .noProbe(let series, let recipe):
            "no patch has a probe for '\(series)' of recipe '\(recipe)': none has a probe/main.go next to its patch.yaml"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .unknown, .noUpstream, .noSuchUpstream, .twice, .noProbe: .usage
        case .malformed, .unreadable: .data
        case .doesNotApply, .doesNotFit, .ambiguous, .inUpstream: .no
        }
    }
}

/// The versioned registry of patches: one folder `patches/UPSTREAM/NAME` per patch, with its `patch.yaml` and its variants.
package struct Registry: Sendable {
    /// The entries by name.
    package let entries: [PatchEntry]
    /// The upstream projects, by name.
    package let upstreams: [String: PatchUpstream]
    /// The folder that new entries are written to.
    let folder: FilePath
    /// The folder of each entry's registry.
    private let places: [PatchName: FilePath]

    /// Reads all entries in a folder.
    ///
    /// - Throws: the same errors as for several folders.
    package init(_ folder: FilePath) throws { try self.init([folder]) }

    /// Reads all entries in several folders, such as a company's own and the shipped one. New entries are written to the first.
    ///
    /// - Throws: `Diagnostic` for the first invalid entry, and for an entry or an upstream's description that two folders have;
    ///   `FileError` if a file cannot be read.
    package init(_ folders: [FilePath]) throws {
        folder = folders.first ?? "."
        var entries: [PatchEntry] = []
        var upstreams: [String: PatchUpstream] = [:]
        var (places, abouts): ([PatchName: FilePath], [String: FilePath]) = ([:], [:])
        for folder in folders {
            for upstream in try Files.list(folder) where Files.isDirectory(folder.appending(upstream)) {
                let about = folder.appending("\(upstream)/upstream.yaml")
                if Files.exists(about) {
                    if let other = abouts.updateValue(about, forKey: upstream) {
                        throw Self.twice("the upstream '\(upstream)'", about, other)
                    }
                    let text = try Files.readYaml(try Files.confined(about, to: folder))
                    upstreams[upstream] = try PatchUpstream(yaml: text, file: about.string, name: upstream)
                }
                for name in try Files.list(folder.appending(upstream)) where Files.isDirectory(folder.appending(upstream).appending(name)) {
                    let entry = try Self.entry("\(upstream)/\(name)", in: folder)
                    if let other = places.updateValue(folder, forKey: entry.name) {
                        let path = "\(upstream)/\(name)"
                        throw Self.twice("the patch '\(entry.name)'", folder.appending(path), other.appending(path))
                    }
                    entries.append(entry)
                }
            }
        }
        self.entries = entries.sorted { $0.name.description < $1.name.description }
        self.upstreams = upstreams
        self.places = places
    }

    private static func twice(_ what: String, _ place: FilePath, _ other: FilePath) -> Diagnostic {
        Diagnostic(file: place.string, message: "\(what) is also in \(other): rename one of them")
    }

    /// The folder of an entry.
    package func place(of name: PatchName) -> FilePath { (places[name] ?? folder).appending(name.description) }

    /// The entry with a full name, or with a last component that is unique.
    ///
    /// - Throws: `PatchesError.unknown` with the nearest known name.
    package func entry(named name: String) throws(PatchesError) -> PatchEntry {
        let found = entries.filter { $0.name.description == name || $0.name.name == name }
        if let only = found.first, found.count == 1 { return only }
        guard found.isEmpty else {
            throw .unknown(name: name, advice: "the name is ambiguous; use \(found.map(\.name.description).joined(separator: " or "))")
        }
        let known = entries.flatMap { [$0.name.description, $0.name.name] }
        let advice = Spelling.nearest(to: name, among: known).map { "did you mean '\($0)'?" }
        throw .unknown(name: name, advice: advice ?? Spelling.advice(for: name, among: entries.map(\.name.description)))
    }

    /// The shortest unambiguous name of a patch.
    package func shortName(of name: PatchName) -> String {
        entries.filter { $0.name.name == name.name }.count > 1 ? name.description : name.name
    }

    /// The parsed text of a variant.
    ///
    /// - Throws: `FileError`; `PatchesError.malformed` with the line in the patch file.
    package func patch(_ variant: PatchEntry.Variant, of entry: PatchEntry) throws -> Patch {
        let name = "\(entry.name)/\(variant.name).patch"
        let bytes = try text(variant, of: entry)
        do { return try Patch(bytes, name: name) } catch {
            throw PatchesError.malformed(file: place(of: entry.name).appending("\(variant.name).patch").string, error)
        }
    }

    /// The bytes of a variant.
    ///
    /// - Throws: `FileError`.
    package func text(_ variant: PatchEntry.Variant, of entry: PatchEntry) throws(FileError) -> [UInt8] {
        try Files.read(try file("\(variant.name).patch", of: entry.name))
    }

    /// The message that came with a variant's text; nil if it has none.
    ///
    /// - Throws: `FileError`; `PatchesError.unreadable`.
    package func message(_ variant: PatchEntry.Variant, of entry: PatchEntry) throws -> PatchMessage? {
        let text = try text(variant, of: entry)
        do { return try PatchMessage(of: text) } catch {
            throw PatchesError.unreadable(file: place(of: entry.name).appending("\(variant.name).patch").string, error)
        }
    }

    /// The probe next to an entry's `patch.yaml`; nil if there is none.
    func program(of name: PatchName) throws(FileError) -> Probe? {
        let versions = entries.first { $0.name == name }?.probeVersions
        guard Files.exists(place(of: name).appending("probe/main.go")) else { return nil }
        return Probe(name: name, text: try Files.readText(try file("probe/main.go", of: name)), versions: versions)
    }

    /// An entry's file. A registry comes from somebody else, and what is in it is published, so no link of it leads elsewhere.
    private func file(_ path: String, of name: PatchName) throws(FileError) -> FilePath {
        let folder = places[name] ?? folder
        return try Files.confined(folder.appending("\(name)/\(path)"), to: folder)
    }

    private static func entry(_ path: String, in folder: FilePath) throws -> PatchEntry {
        let file = folder.appending(path).appending("patch.yaml")
        guard let name = PatchName(path) else {
            throw Diagnostic(
                file: folder.appending(path).string, message: "a patch's folder name may contain only letters, digits, '-', '_' and '.'")
        }
        let entry = try PatchEntry(yaml: try Files.readYaml(try Files.confined(file, to: folder)), file: file.string, name: name)
        for variant in entry.variants where !Files.exists(folder.appending(path).appending("\(variant.name).patch")) {
            throw Diagnostic(file: file.string, message: "variant '\(variant.name)' has no file '\(variant.name).patch' in this folder")
        }
        return entry
    }
}

extension String {
    fileprivate var indented: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }.joined(separator: "\n")
    }
}
