import Paths
import Yams

/// A file that a build needs in addition to its source, and its destination.
package struct DownloadSpec: Hashable, Codable, Sendable {
    /// Download addresses, tried in order; empty if ``git`` is set.
    package let addresses: [String]
    /// The repository to use instead of an archive; nil for an archive or a file.
    package let git: DownloadCommit?
    /// The expected digest of its bytes; nil if not pinned yet.
    package var sha256: Digest?
    /// The expected tree ID of its unpacked content, regardless of the archive format; nil if not pinned.
    package var tree: TreeID?
    /// Its length; nil if unknown.
    package let bytes: Int64?
    /// The directory of the tree to unpack it into; `.` is the top. nil if it is kept as a file.
    package let unpack: ContainedPath?
    /// The path in the tree, if it is not unpacked.
    package let file: ContainedPath?
    /// The number of leading directories to strip from names in the archive.
    package let strip: Int

    /// Whether the content is pinned: by its bytes, its tree or a commit.
    package var isKnown: Bool { sha256 != nil || tree != nil || git != nil }
}

/// A commit to download.
package struct DownloadCommit: Hashable, Codable, Sendable {
    /// The repository's address in git's notation.
    package let url: String
    /// The full commit ID.
    package let commit: TreeID

    package init(url: String, commit: TreeID) {
        self.url = url
        self.commit = commit
    }
}

/// The ID of a git tree or commit: 40 lowercase hexadecimal digits. A tree ID identifies all files in the tree, wherever they came from.
package struct TreeID: Hashable, Codable, Sendable, LosslessStringConvertible {
    /// The 40 digits.
    package let description: String

    /// Parses 40 hexadecimal digits in either case; nil for anything else.
    package init?(_ text: String) {
        let lower = text.lowercased()
        guard lower.utf8.count == 40, lower.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else { return nil }
        description = lower
    }

    /// Decodes the digits from a string.
    ///
    /// - Throws: `DecodingError` if the string is not an ID.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = TreeID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected 40 hexadecimal digits")
        }
        self = id
    }

    /// Encodes the digits as one string.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// The observed content of a download.
package struct LockedDownload: Hashable, Codable, Sendable {
    /// The digest of its bytes; nil for a commit.
    package let sha256: Digest?
    /// The tree ID of its unpacked content; nil for a file, and for an archive that was checked by its bytes only.
    package let tree: TreeID?
    /// The commit; nil for an archive or a file.
    package let commit: TreeID?
    /// Whether the content was not pinned and was accepted as downloaded.
    package let isTrusted: Bool

    package init(sha256: Digest?, tree: TreeID?, commit: TreeID?, isTrusted: Bool) {
        self.sha256 = sha256
        self.tree = tree
        self.commit = commit
        self.isTrusted = isTrusted
    }
}

/// A program that is built from a download and packed with the others.
package struct ProgramSpec: Hashable, Codable, Sendable {
    /// The directory that its source was unpacked into.
    package let source: ContainedPath
    /// The path of its source in `GOPATH`.
    package let importPath: String
    /// The Go build target.
    package var target: Target
    /// The path of the binary.
    package let output: ContainedPath
}

/// How k3s packages itself: all programs in one archive, and a wrapper that embeds the archive and unpacks it.
package struct PackageSpec: Hashable, Codable, Sendable {
    /// The path of the target's binary, such as `bin/k3s`.
    package let program: ContainedPath
    /// The directories to pack.
    package let folders: [ContainedPath]
    /// Programs that are built in addition to the target, by name.
    package var programs: [String: ProgramSpec]
    /// Source files that are also packed: the destination, and the path in the tree.
    package let copies: [ContainedPath: ContainedPath]
    /// Links next to the target's binary: the link names, by link target.
    package let links: [String: [String]]
    /// The directory of the tree into which the archive is placed for embedding.
    package let embed: ContainedPath
    /// A Go file to generate next to it, for a source without its own embedding; its directory name is the package name.
    package let bindata: ContainedPath?
    /// zstd's level for the archive, from 1 to 19; nil for `PackageSpec.usualCompression`. It stays nil unless the recipe sets it, so that
    /// existing store keys do not change.
    package let compression: Int?
    package var wrapper: Target

    /// The level that k3s uses itself (scripts/package-cli).
    package static let usualCompression = 16
}

extension Recipe {
    /// Returns the recipe with `{commit}`, `{commit8}` and `{date}` replaced by values from the lock, in the flags and environments of all
    /// targets. Builds do not use the clock.
    package func filled(by lock: Lock) -> Recipe {
        var filled = self
        filled.target = target.map { $0.filled(by: lock) }
        guard var package else { return filled }
        package.wrapper = package.wrapper.filled(by: lock)
        package.programs = package.programs.mapValues { program in
            var program = program
            program.target = program.target.filled(by: lock)
            return program
        }
        filled.package = package
        return filled
    }
}

extension Recipe {
    /// Returns the recipe with `{importPath}` and `{vendored}` replaced by values from its tree, in the flags and environments of all
    /// targets built from the tree.
    ///
    /// - Parameters:
    ///   - importPath: the import path of the tree.
    ///   - mode: how Go resolves packages. If there is a `GOPATH`, the linker names a package in `vendor/` by its path in it.
    package func placed(at importPath: String, mode: Target.Mode) -> Recipe {
        var placed = self
        placed.importPath = importPath
        let vendored = mode == .gopath ? "\(importPath)/vendor/" : ""
        placed.target = target.map { $0.placed(at: importPath, vendored: vendored) }
        if let wrapper = package?.wrapper { placed.package?.wrapper = wrapper.placed(at: importPath, vendored: vendored) }
        return placed
    }
}

extension Recipe {
    /// Returns a YAML recipe that extends this one and pins the downloads that are not pinned yet.
    ///
    /// - Parameters:
    ///   - found: the observed content of each download.
    ///   - parent: the value for `extends`.
    package func pinned(by found: [String: LockedDownload], extending parent: String) throws -> String {
        let downloads = found.filter(\.value.isTrusted).sorted { $0.key < $1.key }.map { name, found in
            var facts: [(Node, Node)] = []
            if let digest = found.sha256 { facts.append((Node("sha256"), .text("\(digest)"))) }
            if let tree = found.tree { facts.append((Node("tree"), .text("\(tree)"))) }
            return (Node.text(name), Node.mapping(Node.Mapping(facts, .implicit, .block)))
        }
        var fields = [(Node("extends"), Node.text(parent)), (Node("version"), Node.text(version.plain))]
        if !downloads.isEmpty { fields.append((Node("downloads"), .mapping(Node.Mapping(downloads, .implicit, .block)))) }
        let head =
            "# \(name) \(version.plain) with its downloads pinned as fetched. They have not been reviewed: inspect them before you build.\n"
        return try head + Yams.serialize(node: .mapping(Node.Mapping(fields, .implicit, .block)), width: -1, allowUnicode: true)
    }
}

extension Node {
    /// The text as a single-quoted string: no reader parses it as a number.
    fileprivate static func text(_ text: String) -> Node { .scalar(Scalar(text, Tag(.str), .singleQuoted)) }
}

extension Target {
    /// Replaces `{importPath}` and `{vendored}` in a text.
    static func placed(_ text: String, importPath: String, vendored: String) -> String {
        text.replacing("{importPath}", with: importPath).replacing("{vendored}", with: vendored)
    }

    fileprivate func placed(at importPath: String, vendored: String) -> Target {
        var placed = self
        placed.flags = flags.map { Self.placed($0, importPath: importPath, vendored: vendored) }
        placed.environment = environment.mapValues { Self.placed($0, importPath: importPath, vendored: vendored) }
        return placed
    }

    fileprivate func filled(by lock: Lock) -> Target {
        func text(_ text: String) -> String {
            let filled = text.replacing("{commit8}", with: String(lock.version.prefix(8))).replacing("{commit}", with: lock.version)
            return filled.contains("{date}") ? filled.replacing("{date}", with: Lock.date(lock.time ?? 0)) : filled
        }
        var filled = self
        filled.flags = flags.map(text)
        filled.environment = environment.mapValues(text)
        return filled
    }
}

extension Lock {
    /// A time in the format that k3s and Kubernetes write into a binary: `2006-01-02T15:04:05Z`.
    static func date(_ seconds: Int64) -> String {
        // Rounds down without a possible overflow, because a stored record may contain any number.
        let before = seconds % 86_400 < 0
        let (days, rest) = (seconds / 86_400 - (before ? 1 : 0), seconds % 86_400 + (before ? 86_400 : 0))
        // Converts days to a date, with years that begin in March (H. Hinnant, chrono-Compatible Low-Level Date Algorithms).
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let day = shifted - era * 146_097
        let yearOfEra = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let date = dayOfYear - (153 * month + 2) / 5 + 1
        let year = yearOfEra + era * 400 + (month >= 10 ? 1 : 0)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = [rest / 3600, rest / 60 % 60, rest % 60].map(two).joined(separator: ":")
        return "\(year)-\(two(month < 10 ? month + 3 : month - 9))-\(two(date))T\(clock)Z"
    }
}

extension Recipe.Schema {
    /// A file that a build needs in addition to its source.
    package static let download = YamlSection(
        path: "downloads.NAME",
        fields: [
            YamlField(
                "addresses", "list of addresses", required: false,
                "where to fetch it, tried in order; all must have the same bytes or, with `tree`, the same content. `{arch}` is `amd64` or `arm64`, in all texts"
            ),
            YamlField("git", "mapping", required: false, "a commit to use instead of an archive"),
            YamlField(
                "sha256", "64 hexadecimal digits", required: false,
                "the expected digest, or a mapping from `amd64` and `arm64` to digests; if missing or `unknown`, the recipe does not pin the download"
            ),
            YamlField(
                "tree", "40 hexadecimal digits", required: false,
                "the git tree ID of its content after unpacking and stripping leading folders, or a mapping as for `sha256`, or `unknown`. Without `sha256`, `tree`, or `git`, nothing that needs the download is built unless `--trust-downloads` accepts it"
            ),
            YamlField("bytes", "number", required: false, "the length in bytes, or a mapping as for `sha256`"),
            YamlField("unpack", "relative path", required: false, "the folder in the tree to unpack it into; `.` for the top"),
            YamlField("strip", "number", required: false, "how many leading folders to strip from its names; default: none"),
            YamlField("file", "relative path", required: false, "the file in the tree to write, if it is not unpacked"),
        ])
    package static let downloadCommit = YamlSection(
        path: "downloads.NAME.git",
        fields: [
            YamlField("url", "address", "the repository: `https`, `git`, `ssh`, `file`; git's `url.*.insteadOf` applies"),
            YamlField("commit", "40 hexadecimal digits", "the commit's full ID"),
        ])
    /// How k3s packages itself.
    package static let package = YamlSection(
        path: "package",
        fields: [
            YamlField("program", "relative path", "where the target's binary goes, such as `bin/k3s`"),
            YamlField("folders", "list of relative paths", "the folders to pack, such as `bin` and `etc`"),
            YamlField("programs", "mapping of names to mappings", required: false, "programs built from downloads"),
            YamlField(
                "copies", "mapping of paths to paths", required: false, "source files to copy: the target path, and the path in the tree"),
            YamlField(
                "links", "mapping of names to text", required: false,
                "links to create next to the binary: the target, and the space-separated names of the links, or `none`"),
            YamlField("embed", "relative path", "the folder in the tree where the archive is placed for embedding"),
            YamlField("bindata", "relative path", required: false, "a Go file to generate for a source that does not use `go:embed`"),
            YamlField(
                "compression", "number", required: false,
                "zstd's level for the archive, 1 to 19; \(PackageSpec.usualCompression), as in k3s, by default"),
            YamlField("wrapper", "mapping", "the build settings of the program that embeds the archive, as in `target`"),
        ])
    /// A program that is built from a download.
    package static let program = YamlSection(
        path: "package.programs.NAME",
        fields: [
            YamlField("source", "relative path", "the folder where its source was unpacked"),
            YamlField("importPath", "import path", "its source's import path in `GOPATH`"),
            YamlField("target", "mapping", "the build settings, as in `target`"),
            YamlField("output", "relative path", "the path of the binary in the tree"),
        ])
}

extension DownloadSpec {
    init(_ map: YamlMap) throws(Diagnostic) {
        let example = "an address such as https://example.org/file.tar"
        git = map.has("git") ? try DownloadCommit(map.map("git", schema: Recipe.Schema.downloadCommit)) : nil
        // A recipe that extends another cannot remove its addresses, so a commit takes precedence over them.
        addresses = git == nil ? try map.values("addresses", expected: example) : []
        sha256 = try Self.digest(map)
        let hasTree = map.has("tree") ? try map.text("tree") != "unknown" : false
        tree = hasTree ? try map.value("tree", expected: "a tree ID of 40 hexadecimal digits, or 'unknown'") : nil
        bytes = map.has("bytes") ? try map.value("bytes", expected: "a number of bytes") : nil
        unpack = map.has("unpack") ? try map.path("unpack") : nil
        file = map.has("file") ? try map.path("file") : nil
        strip = map.has("strip") ? try map.value("strip", expected: "a number of folders") : 0
        guard git != nil || !addresses.isEmpty else { throw map.complaint("addresses", "expected at least one address, or 'git'") }
        guard (unpack == nil) != (file == nil) else { throw map.complaint("unpack", "expected one of 'unpack' and 'file'") }
        guard tree == nil || unpack != nil else {
            throw map.complaint("tree", "not allowed with 'file': it identifies unpacked content; use 'sha256' for a file")
        }
        guard git == nil || unpack != nil && sha256 == nil else {
            throw map.complaint("git", "not allowed with 'file' or 'sha256': a commit is unpacked into a folder and identified by its ID")
        }
        guard (0...9).contains(strip) else { throw map.complaint("strip", "expected a number from 0 to 9") }
    }

    private static func digest(_ map: YamlMap) throws(Diagnostic) -> Digest? {
        guard map.has("sha256"), try map.text("sha256") != "unknown" else { return nil }
        return try map.value("sha256", expected: "64 hexadecimal digits, or 'unknown'")
    }
}

extension DownloadCommit {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        url = try map.text("url")
        commit = try map.value("commit", expected: "a full commit ID of 40 hexadecimal digits")
        guard url.utf8.first != UInt8(ascii: "-") else {
            throw map.complaint("url", "expected an address such as https://example.org/project, found '\(url)'")
        }
    }
}

extension PackageSpec {
    init(_ map: YamlMap) throws(Diagnostic) {
        program = try map.path("program")
        folders = try map.paths("folders")
        guard !folders.isEmpty, !folders.contains(.top) else {
            throw map.complaint("folders", "expected at least one folder below the top")
        }
        var programs: [String: ProgramSpec] = [:]
        for entry in map.has("programs") ? try map.maps("programs", schema: Recipe.Schema.program) : [] {
            programs[entry.name] = try ProgramSpec(entry.map)
        }
        self.programs = programs
        var copies: [ContainedPath: ContainedPath] = [:]
        for (place, file) in try map.texts("copies") {
            guard let place = YamlMap.path(place), let file = YamlMap.path(file), place != .top, file != .top else {
                throw map.complaint("copies", "expected relative paths, found \(ContainedPath.quoted("\(place): \(file)".utf8))")
            }
            copies[place] = file
        }
        self.copies = copies
        links = try map.texts("links").filter { $0.value != "none" }.mapValues { $0.split(separator: " ").map(String.init) }
        for name in links.flatMap({ [$0] + $1 }) where !YamlMap.isFileName(name) {
            throw map.complaint("links", "expected file names, found \(ContainedPath.quoted(name.utf8))")
        }
        embed = try map.path("embed")
        bindata = map.has("bindata") ? try map.path("bindata") : nil
        compression = map.has("compression") ? try map.value("compression", expected: "a number from 1 to 19") : nil
        guard (1...19).contains(compression ?? Self.usualCompression) else {
            throw map.complaint("compression", "expected a number from 1 to 19")
        }
        wrapper = try Target(map.map("wrapper", schema: Recipe.Schema.target))
        guard let top = program.folders.first, folders.contains(top) else {
            throw map.complaint("program", "expected a path in one of 'folders', found '\(program)'")
        }
    }
}

extension ProgramSpec {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        source = try map.path("source")
        importPath = try map.path("importPath").description
        target = try Target(map.map("target", schema: Recipe.Schema.target), mayBeTop: true)
        output = try map.path("output")
    }
}
