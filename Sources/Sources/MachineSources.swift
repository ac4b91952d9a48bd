import FileSystem
import Host
import Model
import Platforms
import Sanitizing
import SystemPackage

/// The Debian package source of a machine: a mirror, and the keyring that verifies it.
///
/// The mirror is the one that `NINEPIN_DEBIAN_MIRROR` names. Without that, it comes from apt's sources, in the deb822 or the one-line format
/// of sources.list(5): on Debian the entry for the machine's own release, elsewhere an entry that is verified with Debian's keys. `setup`
/// chooses in the same way.
package struct MachineSources: Hashable, Sendable {
    /// The mirror's address.
    package let address: String
    /// The keyring that verifies the mirror.
    package let keyring: String

    /// The environment variable with the address of a Debian mirror.
    package static let mirrorVariable = "NINEPIN_DEBIAN_MIRROR"
    /// The environment variable with the file of the keys of Debian's archive.
    package static let keyringVariable = "NINEPIN_DEBIAN_KEYRING"

    /// Finds the mirror and the keyring of a host.
    ///
    /// - Throws: as ``init(root:mirror:keys:workspace:)``.
    package init(_ host: Host) throws {
        // The variable comes before the configuration files.
        let named = host.environment[Self.mirrorVariable].flatMap { $0.isEmpty ? nil : $0 } ?? host.settings.mirrors.debian
        try self.init(root: host.machine, mirror: named, keys: host.environment[Self.keyringVariable], workspace: host.workspace)
    }

    /// Finds the mirror and the keyring.
    ///
    /// - Parameters:
    ///   - root: the folder that contains `etc/` and `usr/share/keyrings`; `/` except in tests.
    ///   - mirror: the address of a mirror that the user names; nil or empty if there is none.
    ///   - keys: the file with the keys of Debian's archive that the user names; nil or empty if there is none.
    ///   - workspace: the folder into which `setup` puts a keyring where the platform's own may be too old.
    /// - Throws: `SourceError.noMirror` if no mirror is known, `.badMirror` if something else is named, `.noKeyring`; `FileError` if
    ///   there is no entry and a file cannot be read.
    package init(root: FilePath = "/", mirror: String? = nil, keys: String? = nil, workspace: FilePath? = nil) throws {
        var keyring: String?
        if let mirror, !mirror.isEmpty {
            guard Self.isAddress(mirror) else { throw SourceError.badMirror(variable: Self.mirrorVariable) }
            address = mirror
        } else {
            let entry = try Self.entry(of: root.appending("etc"))
            (address, keyring) = (entry.address, entry.keyring)
        }
        let folders = [workspace?.appending("tools/keyring"), root].compactMap(\.self).map { $0.appending("usr/share/keyrings") }
        let usual = folders.flatMap { folder in ["pgp", "gpg"].map { folder.appending("debian-archive-keyring.\($0)") } }
        // The user's word counts more than that of apt's entry. A file that is not there is an error, and no other one takes its place.
        if let named = keys.flatMap({ $0.isEmpty ? nil : FilePath($0) }) {
            guard Files.exists(named), Self.isWord(named.string) else { throw SourceError.keyring(named.string) }
            keyring = named.string
        }
        guard let found = keyring ?? usual.first(where: Files.exists)?.string, Self.isWord(found) else { throw SourceError.noKeyring }
        self.keyring = found
    }

    /// The entry of apt's sources that is Debian's.
    private static func entry(of etc: FilePath) throws -> Entry {
        let release = OSRelease(try text(etc.appending("os-release")))
        let folder = etc.appending("apt/sources.list.d")
        var entries: [Entry] = []
        // An unreadable file matters only if no other file has the entry.
        var unread: FileError?
        func read(_ file: FilePath) -> String {
            do { return try Self.text(file) } catch {
                unread = unread ?? error
                return ""
            }
        }
        for file in try Files.list(folder) {
            if file.hasSuffix(".sources") {
                entries += Entry.paragraphs(of: read(folder.appending(file)))
            } else if file.hasSuffix(".list") {
                entries += Entry.lines(of: read(folder.appending(file)))
            }
        }
        entries += Entry.lines(of: read(etc.appending("apt/sources.list")))
        entries = entries.filter { $0.components.contains("main") && isWord($0.address) }
        let own = entries.first { release.id == "debian" && !release.suite.isEmpty && $0.suites.contains(release.suite) }
        guard let entry = own ?? entries.first(where: \.isDebian) else {
            if let unread { throw unread }
            throw SourceError.noMirror(platform: "\(release.id) \(release.suite.isEmpty ? release.version : release.suite)")
        }
        return entry
    }

    /// Whether a text is an address that can stand in a line of apt's sources.
    private static func isAddress(_ text: String) -> Bool {
        isWord(text) && ["http://", "https://", "file:/"].contains(where: text.hasPrefix)
    }

    /// Whether a text is one word of a line of apt's sources, and no option.
    private static func isWord(_ text: String) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F && $0 != "[" && $0 != "]" }
    }

    /// The text of a file; empty if it does not exist.
    private static func text(_ file: FilePath) throws(FileError) -> String { Files.exists(file) ? try Files.readText(file) : "" }
}

extension MachineSources {
    /// Adds the user and password from the machine's own sources to an address of the mirror; other addresses are unchanged. Stored
    /// addresses have neither.
    ///
    /// - Parameter kept: an address without credentials.
    /// - Throws: `SourceError`; `FileError`.
    static func asked(_ kept: String, on host: Host) throws -> String {
        let address = try MachineSources(host).address
        let bare = Redaction.bare(address)
        return address != bare && kept.hasPrefix(bare) ? address + kept.dropFirst(bare.count) : kept
    }
}

/// One entry of apt's sources.
private struct Entry {
    let address: String
    let suites: [String]
    let components: [String]
    let keyring: String?

    /// Whether it is verified with Debian's keys, and is not a suite of changes to another one.
    var isDebian: Bool {
        let name = keyring?.split(separator: "/").last ?? ""
        return name.hasPrefix("debian-archive-") && suites.contains { !$0.hasSuffix("-security") && !$0.hasSuffix("/updates") }
    }

    /// The paragraphs of a deb822 file.
    static func paragraphs(of text: String) -> [Entry] {
        text.split(separator: "\n", omittingEmptySubsequences: false).split { $0.allSatisfy(\.isWhitespace) }.compactMap { paragraph in
            var fields: [String: String] = [:]
            for line in paragraph where !line.hasPrefix("#") && !line.hasPrefix(" ") {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2 { fields[parts[0].lowercased()] = String(parts[1]) }
            }
            guard fields["enabled"]?.contains("no") != true, let address = fields["uris"]?.words.first else { return nil }
            // A key embedded in the file has no path to pass on.
            let keyring = fields["signed-by"]?.words.first.flatMap { $0.hasPrefix("/") ? $0 : nil }
            return Entry(
                address: address, suites: fields["suites"]?.words ?? [], components: fields["components"]?.words ?? [], keyring: keyring)
        }
    }

    /// The lines of a one-line file: `deb [signed-by=FILE] ADDRESS SUITE COMPONENT…`.
    static func lines(of text: String) -> [Entry] {
        text.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("deb ") || line.hasPrefix("deb-src ") else { return nil }
            var rest = line.drop { $0 != " " }
            var keyring: String?
            if let open = rest.firstIndex(of: "["), let close = rest.firstIndex(of: "]"), open < close {
                let options = String(rest[rest.index(after: open)..<close]).words
                keyring = options.first { $0.hasPrefix("signed-by=") }.map { String($0.dropFirst("signed-by=".count)) }
                rest = rest[rest.index(after: close)...]
            }
            let words = String(rest).words
            guard words.count >= 3 else { return nil }
            return Entry(address: words[0], suites: [words[1]], components: Array(words[2...]), keyring: keyring)
        }
    }
}

extension String {
    fileprivate var words: [String] { split { $0 == " " || $0 == "\t" }.map(String.init) }
}
