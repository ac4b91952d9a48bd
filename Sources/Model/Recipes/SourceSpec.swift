import Sanitizing

/// Where a source comes from.
package enum SourceSpec: Hashable, Sendable {
    /// A Debian source package.
    case debian(DebianSpec)
    /// A git repository.
    case git(GitSpec)
    /// An archive.
    case archive(ArchiveSpec)
}

/// A Debian source package.
package struct DebianSpec: Hashable, Codable, Sendable {
    /// The source package's name.
    package let package: String
    /// The suite, by its code name, whose index is asked.
    package let suite: String
    /// The upstream part of the package's version (all before the last `-`, Debian Policy 5.6.12), or a range of such.
    package let version: String
    /// A built package with the same code, to be taken when a file of the source package is not in the pool; nil when there is none.
    package let built: String?
    /// Whether ``package`` is such a built package.
    package let isBuilt: Bool

    /// Makes a Debian source package.
    package init(package: String, suite: String, version: String, built: String? = nil, isBuilt: Bool = false) {
        self.package = package
        self.suite = suite
        self.version = version
        self.built = built
        self.isBuilt = isBuilt
    }

    /// The built package in the place of the source package; nil when the recipe names none.
    package var fallback: DebianSpec? { built.map { DebianSpec(package: $0, suite: suite, version: version, isBuilt: true) } }
}

/// A git repository, and what is wanted of it.
package struct GitSpec: Hashable, Codable, Sendable {
    /// Its address, as git takes it; git's own `url.*.insteadOf` applies to it.
    package let url: String
    /// A tag, a branch, a full reference name, or a full commit id.
    package let reference: String

    /// Makes a git source.
    package init(url: String, reference: String) {
        self.url = url
        self.reference = reference
    }
}

/// An archive: `.tar.gz`, `.tar.xz`, `.tar.zst`, `.tar` or `.zip`.
package struct ArchiveSpec: Hashable, Codable, Sendable {
    /// Where it is to be had: any of these has the same bytes.
    package let addresses: [String]
    /// What its bytes must be.
    package let sha256: Digest
    /// Its length in bytes; nil when nobody says.
    package let bytes: Int64?

    /// Makes an archive.
    package init(addresses: [String], sha256: Digest, bytes: Int64? = nil) {
        self.addresses = addresses
        self.sha256 = sha256
        self.bytes = bytes
    }

    /// The file's name: the last part of the path of its first address; its digest's first digits, where the path has none.
    package var name: String { addresses.first.flatMap(Redaction.fileName) ?? sha256.short }
}

/// Debian packages of Go libraries (`golang-…-dev`), with all that they need.
package struct LibrariesSpec: Hashable, Codable, Sendable {
    /// The suite, by its code name, whose index is asked.
    package let suite: String
    /// The packages' names.
    package let packages: [String]

    /// Names packages of a suite.
    package init(suite: String, packages: [String]) {
        self.suite = suite
        self.packages = packages
    }
}

extension SourceSpec: Codable {
    private enum Keys: String, CodingKey { case debian, git, archive }

    /// Decodes `{"debian": …}`, `{"git": …}` or `{"archive": …}`.
    ///
    /// - Throws: `DecodingError` for anything else.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        if let debian = try values.decodeIfPresent(DebianSpec.self, forKey: .debian) {
            self = .debian(debian)
        } else if let git = try values.decodeIfPresent(GitSpec.self, forKey: .git) {
            self = .git(git)
        } else {
            self = .archive(try values.decode(ArchiveSpec.self, forKey: .archive))
        }
    }

    /// Encodes one key, which tells the kind, with the rest below it.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Keys.self)
        switch self {
        case .debian(let spec): try values.encode(spec, forKey: .debian)
        case .git(let spec): try values.encode(spec, forKey: .git)
        case .archive(let spec): try values.encode(spec, forKey: .archive)
        }
    }
}

extension SourceSpec {
    init(_ map: YamlMap) throws(Diagnostic) {
        let kinds = ["debian", "git", "archive"].filter(map.has)
        guard kinds.count == 1 else {
            throw map.complaint(
                "source", "expected exactly one of 'debian', 'git' and 'archive', found \(kinds.isEmpty ? "none" : "\(kinds.count)")")
        }
        switch kinds[0] {
        case "debian": self = .debian(try DebianSpec(map.map("debian", schema: Recipe.Schema.debian)))
        case "git": self = .git(try GitSpec(map.map("git", schema: Recipe.Schema.git)))
        default: self = .archive(try ArchiveSpec(map.map("archive", schema: Recipe.Schema.archive)))
        }
    }
}

extension DebianSpec {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        package = try map.name("package", extra: "+-.", like: "a source package's name such as kubernetes")
        suite = try map.name("suite", extra: "-", like: "a suite's code name such as bookworm")
        version = try map.text("version")
        built = map.has("built") ? try map.name("built", extra: "+-.", like: "a package's name such as golang-golang-x-sys-dev") : nil
        isBuilt = false
        guard DebianVersionRule(version) != nil else {
            throw map.complaint("version", "expected an upstream version such as 1.20.2, or a range such as '>=0.0.5', found '\(version)'")
        }
    }
}

extension GitSpec {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        url = try map.text("url")
        reference = try map.text("ref")
        guard url.utf8.first != UInt8(ascii: "-") else {
            throw map.complaint("url", "expected an address such as https://example.org/project, found '\(url)'")
        }
        // Of code points, as git sees them: a mark that combines with one of these takes nothing of its meaning.
        let refused = " ~^:?*[\\".unicodeScalars
        guard reference.utf8.first != UInt8(ascii: "-"),
            !reference.unicodeScalars.contains(where: { refused.contains($0) || $0.properties.isWhitespace })
        else {
            throw map.complaint("ref", "expected a tag, a branch, or a commit ID, found '\(reference)'")
        }
    }
}

extension ArchiveSpec {
    init(_ map: YamlMap) throws(Diagnostic) {
        addresses = try map.values("addresses", expected: "an address such as https://example.org/file.tar.gz")
        sha256 = try map.value("sha256", expected: "64 hexadecimal digits")
        bytes = map.has("bytes") ? try map.value("bytes", expected: "a number of bytes") : nil
        guard !addresses.isEmpty else { throw map.complaint("addresses", "expected at least one address") }
    }
}

extension LibrariesSpec {
    init(_ map: YamlMap) throws(Diagnostic) {
        suite = try map.name("suite", extra: "-", like: "a suite's code name such as bookworm")
        packages = try map.names("packages", extra: "+-.", like: "a package's name such as golang-golang-x-sys-dev")
        guard !packages.isEmpty else { throw map.complaint("packages", "expected at least one package") }
    }
}

/// Which upstream versions of a Debian package are meant: one, letter by letter, or a range.
package struct DebianVersionRule: Hashable, Sendable, CustomStringConvertible {
    private let range: VersionRange?
    /// The text that it was read from.
    package let description: String

    /// Reads a version such as `1.20.5+really1.20.2`, or a range that begins with `<`, `>` or `=`; nil for anything else.
    package init?(_ text: String) {
        description = text
        guard let first = text.first else { return nil }
        if "<>=".contains(first) {
            guard let range = VersionRange(text) else { return nil }
            self.range = range
        } else {
            let good = text.utf8.allSatisfy { byte in
                byte < 128
                    && (".+~:-".utf8.contains(byte) || Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber)
            }
            guard good, first.isNumber else { return nil }
            range = nil
        }
    }

    /// Whether an upstream version is meant. What Debian adds behind a `+` or `~` has no part in a range.
    package func contains(_ upstream: String) -> Bool {
        guard let range else { return upstream == description }
        let plain = upstream.prefix { $0 != "+" && $0 != "~" }
        return Version(String(plain)).map(range.contains) ?? false
    }
}
