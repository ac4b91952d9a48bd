import FileSystem
import Host
import Sanitizing
import SystemPackage

/// The machine's own Debian package source, as configured for apt: a mirror, and the keyring that verifies it.
///
/// It is read from the deb822 and one-line files described in sources.list(5).
package struct MachineSources: Hashable, Sendable {
    /// The mirror's address.
    package let address: String
    /// The keyring that verifies the mirror.
    package let keyring: String

    /// Debian's own keyring; it also holds the keys of later releases.
    package static let debianKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

    /// Finds the entry for the machine's own release.
    ///
    /// - Parameter root: the folder that contains `etc/`; `/` except in tests.
    /// - Throws: `SourceError.noMirror` if there is no entry for the machine's release; `FileError` if there is none and a file cannot be read.
    package init(root: FilePath = "/") throws {
        let etc = root.appending("etc")
        let release = try Self.text(etc.appending("os-release"))
        let name = release.split(separator: "\n").first { $0.hasPrefix("VERSION_CODENAME=") }?.dropFirst("VERSION_CODENAME=".count)
        let suite = (name ?? "").filter { $0 != "\"" }
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
        guard !suite.isEmpty, let entry = entries.first(where: { $0.suites.contains(suite) && $0.components.contains("main") }) else {
            if let unread { throw unread }
            throw SourceError.noMirror(suite: suite)
        }
        address = entry.address
        keyring = entry.keyring ?? Self.debianKeyring
    }

    /// The text of a file; empty if it does not exist.
    private static func text(_ file: FilePath) throws(FileError) -> String { Files.exists(file) ? try Files.readText(file) : "" }
}

extension MachineSources {
    /// Adds the user and password from the machine's own sources to an address of the mirror; other addresses are unchanged. Stored
    /// addresses have neither.
    ///
    /// - Parameter kept: an address without credentials.
    /// - Throws: `SourceError.noMirror`; `FileError`.
    static func asked(_ kept: String, on host: Host) throws -> String {
        let address = try MachineSources(root: host.machine).address
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
