import FileSystem
import Git
import GitHistory
import Model
import Paths
import SystemPackage

/// A series of patches from outside: a mailbox, a quilt series, a folder of patches, or a range of commits.
package struct PatchImport: Sendable {
    /// The patches, in order.
    package let mails: [PatchMail]

    /// The largest sum of all patches. No series written by people is this large, and a stream may be endless.
    package static let mostBytes = 64 << 20
    /// The largest file that lists a series.
    private static let mostListBytes = 1 << 20
    /// The most patches of a series.
    package static let mostPatches = 1000

    /// Reads a mailbox, which may also be a single patch.
    ///
    /// - Parameter path: nil for standard input.
    /// - Throws: `PatchesError`; `FileError`.
    package init(mailbox path: FilePath?) throws {
        let name = path?.string ?? "-"
        var bytes: [UInt8] = []
        try Files.eachPiece(of: path) { piece throws(FileError) in
            bytes.append(contentsOf: piece)
            guard bytes.count <= Self.mostBytes else { throw Self.tooLarge(path ?? "standard input") }
        }
        mails = try PatchMail.mails(in: bytes, from: name)
        guard mails.count <= Self.mostPatches else { throw Self.tooMany(path ?? "standard input") }
    }

    /// Reads a folder: a quilt series (`series`, `patches/series` or `debian/patches/series`), or else all its patches in the order of their
    /// names.
    ///
    /// - Throws: `Diagnostic` for a line of `series` that cannot be used; `PatchesError`; `FileError`.
    package init(folder: FilePath) throws {
        let series = ["series", "patches/series", "debian/patches/series"].map { folder.appending(FilePath($0).components) }
            .first(where: Files.exists)
        if let series {
            self = try PatchImport(quilt: series)
        } else {
            let names = try Files.list(folder).filter { $0.hasSuffix(".patch") || $0.hasSuffix(".diff") }.sorted()
            guard !names.isEmpty else {
                throw Diagnostic(file: folder.string, message: "expected a quilt series (a file 'series'), or files *.patch")
            }
            mails = try Self.read(names.map { ($0, nil) }, in: folder)
        }
    }

    /// Reads a quilt series (quilt(1)). A patch without an option is one of `-p1`.
    ///
    /// - Parameter series: the file with the names of the patches, which are beside it.
    /// - Throws: `Diagnostic` for a line that cannot be used; `PatchesError`; `FileError`.
    package init(quilt series: FilePath) throws {
        let bytes = try Files.read(series, from: 0, count: Self.mostListBytes + 1)
        // A part of it would be another series.
        guard bytes.count <= Self.mostListBytes else { throw Self.tooLarge(series, most: Self.mostListBytes) }
        let text = String(decoding: bytes, as: UTF8.self)
        var names: [(name: String, strip: Int?)] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            // A comment is a line that begins with #, or what follows a # behind white space.
            let words = line.replacing(/(^|\s)#.*/) { _ in "" }.split(whereSeparator: \.isWhitespace)
            guard let name = words.first.map(String.init) else { continue }
            // -pab names the folders a/ and b/, and one is removed as well.
            let strips = words.dropFirst().map { ["-p0": 0, "-p1": 1, "-pab": 1][String($0)] }
            guard strips.count < 2, strips.allSatisfy({ $0 != nil }) else {
                let found = words.dropFirst().joined(separator: " ")
                throw Diagnostic(
                    file: series.string, line: index + 1, message: "expected the option -p0, -p1 or -pab, found '\(found)'")
            }
            names.append((name, strips.first.flatMap(\.self) ?? 1))
        }
        guard !names.isEmpty else { throw Diagnostic(file: series.string, message: "the series has no patches") }
        mails = try Self.read(names, in: series.removingLastComponent())
    }

    /// Reads a commit or a range of commits, `A..B`.
    ///
    /// - Throws: `LocalCommitError`; `GitError`; `AuthorError`; `MailboxError`.
    package init(commits revision: String, in folder: String) throws {
        let commits =
            revision.contains("..") ? try LocalCommit.range(revision, in: folder) : [try LocalCommit(revision, in: folder)]
        guard commits.reduce(0, { $0 + $1.diff.count }) <= Self.mostBytes else { throw Self.tooLarge(FilePath(folder)) }
        mails = try commits.map { commit in
            PatchMail(try commit.message(), try commit.mail(signature: "ninepin \(Ninepin.version)"), from: "commit \(commit.id)")
        }
    }

    /// Reads files in a folder. A name or a link that leads out of it is refused.
    private static func read(_ names: [(name: String, strip: Int?)], in folder: FilePath) throws -> [PatchMail] {
        guard names.count <= mostPatches else { throw tooMany(folder) }
        let real = try Files.realPath(folder)
        var left = mostBytes
        let mails = try names.flatMap { name, strip in
            do { _ = try ContainedPath(name.utf8) } catch { throw Diagnostic(file: folder.string, message: "'\(name)': \(error)") }
            let place = try Files.realPath(real.appending(FilePath(name).components))
            guard place.starts(with: real) else {
                throw Diagnostic(file: folder.string, message: "'\(name)' is a link that leads out of this folder")
            }
            let bytes = try Files.read(place, from: 0, count: left + 1)
            left -= bytes.count
            guard left >= 0 else { throw tooLarge(folder) }
            let file = folder.appending(FilePath(name).components).string
            return try PatchMail.mails(in: bytes, from: file, label: name, strip: strip)
        }
        guard mails.count <= mostPatches else { throw tooMany(folder) }
        return mails
    }

    private static func tooLarge(_ path: FilePath, most: Int = mostBytes) -> FileError {
        Files.refusal("read", path, "it is larger than \(most >> 20) MiB, which is the limit")
    }

    private static func tooMany(_ path: FilePath) -> FileError {
        Files.refusal("read", path, "it has more than \(mostPatches) patches")
    }
}

extension PatchImport {
    /// A draft for each patch: its name is made from the name of its file or its subject, and its reason from its message.
    ///
    /// - Parameters:
    ///   - taken: the names that are in use.
    ///   - why: the reason; nil to take each patch's message.
    package func drafts(
        of upstream: String, taken: Set<PatchName>, why: String?, evidence: String, variant: String, versions: VersionRange
    ) throws(Diagnostic) -> [(draft: PatchDraft, mail: PatchMail)] {
        var taken = taken
        var drafts: [(draft: PatchDraft, mail: PatchMail)] = []
        for (index, mail) in mails.enumerated() {
            let word = Self.word(mail.label.map(Self.stem) ?? mail.subject ?? "") ?? "patch-\(index + 1)"
            let choices = [word] + (2...Self.mostPatches + 1).lazy.map { "\(word)-\($0)" }
            guard let name = choices.lazy.compactMap({ PatchName("\(upstream)/\($0)") }).first(where: { !taken.contains($0) }) else {
                throw Diagnostic(file: mail.origin, message: "'\(upstream)/\(word)' is not a valid patch name")
            }
            taken.insert(name)
            let title = mail.subject ?? word
            // Trailers are no reason.
            let isTrailer = /[A-Za-z][A-Za-z0-9-]*:\s.*|\s.*/
            let text = mail.message?.body.split(separator: "\n\n").filter { paragraph in
                !paragraph.split(separator: "\n").allSatisfy { $0.wholeMatch(of: isTrailer) != nil }
                    || paragraph.first?.isWhitespace == true
            }.joined(separator: "\n\n")
            let reason = why ?? text.flatMap { $0.isEmpty ? nil : $0 } ?? title
            let draft = PatchDraft(name: name, title: title, why: reason, evidence: evidence, variant: variant, versions: versions)
            drafts.append((draft, mail))
        }
        return drafts
    }

    /// The name of a patch's file without its folder, the number in front, and the extension.
    private static func stem(_ name: String) -> String {
        let last = name.split(separator: "/").last.map(String.init) ?? ""
        return last.replacing(/\.(patch|diff)$/) { _ in "" }.replacing(/^\d+[-_]/) { _ in "" }
    }

    /// A word of ASCII letters, digits, `.`, `_` and `-`; nil if nothing is left.
    private static func word(_ text: String) -> String? {
        let safe = text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "_") ? $0 : "-" }
        let words = String(safe).split { $0 == "-" }.joined(separator: "-").prefix(50)
        let trimmed = words.drop { !$0.isLetter && !$0.isNumber }.reversed().drop { !$0.isLetter && !$0.isNumber }.reversed()
        return trimmed.isEmpty ? nil : String(trimmed)
    }
}
