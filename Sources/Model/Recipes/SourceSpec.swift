import Sanitizing

/// The origin of a source.
package enum SourceSpec: Hashable, Sendable {
    case debian(DebianSpec)
    case git(GitSpec)
    case archive(ArchiveSpec)
}

/// A Debian source package.
package struct DebianSpec: Hashable, Codable, Sendable {
    package let package: String
    /// The code name of the suite whose index is searched.
    package let suite: String
    /// The upstream part of the package's version (everything before the last `-`, Debian Policy 5.6.12), or a range of versions.
    package let version: String
    /// A binary package with the same code, used if a file of the source package is not in the pool; nil if there is none.
    package let built: String?
    /// Whether ``package`` is such a binary package.
    package let isBuilt: Bool

    package init(package: String, suite: String, version: String, built: String? = nil, isBuilt: Bool = false) {
        self.package = package
        self.suite = suite
        self.version = version
        self.built = built
        self.isBuilt = isBuilt
    }

    /// The binary package to use instead of the source package; nil if the recipe names none.
    package var fallback: DebianSpec? { built.map { DebianSpec(package: $0, suite: suite, version: version, isBuilt: true) } }
}

/// A git repository and the requested revision.
package struct GitSpec: Hashable, Codable, Sendable {
    /// The address in git's notation; git's own `url.*.insteadOf` applies to it.
    package let url: String
    /// A tag, a branch, a full reference name, or a full commit ID.
    package let reference: String

    package init(url: String, reference: String) {
        self.url = url
        self.reference = reference
    }
}

/// An archive: `.tar.gz`, `.tar.xz`, `.tar.zst`, `.tar` or `.zip`.
package struct ArchiveSpec: Hashable, Codable, Sendable {
    /// Download addresses, all for the same bytes.
    package let addresses: [String]
    /// The expected digest.
    package let sha256: Digest
    /// Its length in bytes; nil if unknown.
    package let bytes: Int64?

    package init(addresses: [String], sha256: Digest, bytes: Int64? = nil) {
        self.addresses = addresses
        self.sha256 = sha256
        self.bytes = bytes
    }

    /// The file name: the last path component of the first address, or the first digits of the digest if the path has none.
    package var name: String { addresses.first.flatMap(Redaction.fileName) ?? sha256.short }
}

/// Debian packages of Go libraries (`golang-…-dev`), including their dependencies.
package struct LibrariesSpec: Hashable, Codable, Sendable {
    /// The code name of the suite whose index is searched.
    package let suite: String
    package let packages: [String]

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

    /// Encodes one key for the kind, with the rest as its value.
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
        // Unicode scalars, as git sees them: a combining mark does not change the meaning of one of these.
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

/// The accepted upstream versions of a Debian package: one exact version, or a range.
package struct DebianVersionRule: Hashable, Sendable, CustomStringConvertible {
    private let range: VersionRange?
    /// The original text.
    package let description: String

    /// Parses a version such as `1.20.5+really1.20.2`, or a range that begins with `<`, `>` or `=`; nil for anything else.
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

    /// Whether an upstream version is accepted. Ranges ignore what Debian appends after a `+` or `~`.
    package func contains(_ upstream: String) -> Bool {
        guard let range else { return upstream == description }
        let plain = upstream.prefix { $0 != "+" && $0 != "~" }
        return Version(String(plain)).map(range.contains) ?? false
    }
}
