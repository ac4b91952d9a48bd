import ExitCodes
import FileSystem
import Git
import GitHistory
import Glibc
import Host
import Model
import SystemPackage
import UnifiedDiff

/// A series of patches for others: as a mailbox for `git am`, or as a quilt series.
package struct PatchExport: Sendable {
    /// The form of an exported series.
    package enum Format: String, Sendable, CaseIterable {
        /// One file for `git am`.
        case mailbox
        /// A folder with a file `series` and the patches.
        case quilt
    }

    /// One patch of the series.
    package struct Part: Sendable {
        package let name: PatchName
        /// The variant whose text it is.
        package let variant: String
        package let author: Author
        package let subject: String
        fileprivate let mailbox: Mailbox
        fileprivate let diff: [UInt8]
    }

    /// The patches, in order.
    package private(set) var parts: [Part] = []
    private let registry: Registry
    private let sender: Author
    private let now: MailDate
    private let describe: Describe

    /// The subject and the body of a variant of a patch that came without a message; nil to take its title and reason.
    package typealias Describe = @Sendable (PatchEntry, String) throws -> (subject: String, body: String)?

    /// An empty series.
    ///
    /// - Parameters:
    ///   - sender: the author of a patch that names none.
    ///   - now: the date of a patch that has none.
    package init(_ registry: Registry, sender: Author, now: MailDate, describe: @escaping Describe = { _, _ in nil }) {
        self.describe = describe
        self.registry = registry
        self.sender = sender
        self.now = now
    }

    /// Adds a patch as its newest variant has it, with paths in the upstream's own tree.
    ///
    /// - Throws: `PatchesError.malformed`; `FileError`; `MailboxError`.
    package mutating func add(_ entry: PatchEntry) throws {
        guard let variant = entry.variants.last else { return }
        try add(entry, variant, try registry.patch(variant, of: entry).text { $0 })
    }

    /// Adds patches as they change a recipe's source, one after the other, with paths in that source.
    ///
    /// - Parameter recipe: a recipe with the versions found in the tree.
    /// - Throws: `PatchesError` for the first patch that does not apply; `GitError`; `FileError`; `MailboxError`.
    package mutating func add(_ names: [String], to tree: ObjectID, of recipe: Recipe, in repository: Repository) throws {
        var tree = tree
        for entry in try Series(names, recipe: recipe, registry: registry).entries {
            let step = try Series([entry.name.description], recipe: recipe, registry: registry).apply(to: tree, of: recipe, in: repository)
            guard let applied = step.applied.first, let variant = entry.variants.first(where: { $0.name == applied.variant }) else {
                continue
            }
            try add(entry, variant, try repository.diff(from: tree, to: step.tree))
            tree = step.tree
        }
    }

    private mutating func add(_ entry: PatchEntry, _ variant: PatchEntry.Variant, _ diff: [UInt8]) throws {
        let message = try registry.message(variant, of: entry)
        let author = message?.author ?? sender
        let own = message == nil ? try describe(entry, variant.name) : nil
        let subject = message?.subject ?? own?.subject ?? entry.title
        let body = message?.body ?? own?.body ?? entry.why
        let mailbox = try Mailbox(author: author, date: message?.date ?? now, subject: subject, body: body)
        parts.append(Part(name: entry.name, variant: variant.name, author: author, subject: subject, mailbox: mailbox, diff: diff))
    }

    /// The files by name: one for a mailbox; `series` and the patches for quilt.
    package func files(_ format: Format) -> [(name: String, bytes: [UInt8])] {
        let signature = "ninepin \(Ninepin.version)"
        switch format {
        case .mailbox:
            let mails = parts.enumerated().map { index, part in
                part.mailbox.plain(diff: part.diff, number: (index + 1, parts.count), signature: signature)
            }
            return [("mailbox", mails.flatMap { $0 })]
        case .quilt:
            let names = parts.enumerated().map { index, part in
                let number = "\(index + 1)"
                return String(repeating: "0", count: max(0, 4 - number.count)) + "\(number)-\(part.name.name).patch"
            }
            let patches = zip(names, parts).map { name, part in
                (name, part.mailbox.plain(diff: part.diff, isSeparated: false, signature: signature))
            }
            return [("series", Array(names.map { "\($0)\n" }.joined().utf8))] + patches
        }
    }

    /// Writes the series: all of it or nothing. A mailbox is a file, a quilt series a folder.
    ///
    /// - Throws: `PatchExportError.occupied`; `FileError`.
    package func write(_ format: Format, to place: FilePath) throws {
        guard !Files.exists(place), let name = place.lastComponent else { throw PatchExportError.occupied(place.string) }
        let stage = place.removingLastComponent().appending(".\(name.string).\(getpid())")
        let files = files(format)
        do {
            switch format {
            case .mailbox: for file in files { try Files.write(file.bytes, to: stage) }
            case .quilt:
                try Files.makeDirectory(stage)
                for file in files { try Files.write(file.bytes, to: stage.appending(file.name)) }
            }
            try Files.rename(stage, to: place)
        } catch {
            // The first failure is what must be told.
            try? Files.remove(stage)
            throw error
        }
    }
}

/// Why a series cannot be written.
package enum PatchExportError: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    /// The target path is in use.
    case occupied(String)

    package var description: String {
        switch self {
        case .occupied(let place): "\(place) exists, and files are never overwritten: choose another name with --out"
        }
    }

    package var exitStatus: ExitStatus { .usage }
}
