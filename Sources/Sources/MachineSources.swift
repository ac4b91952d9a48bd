import Host
import Sanitizing
import SystemPackage

/// Where this machine gets Debian's packages from, as its own apt is told: a mirror, and the keys that sign it.
///
/// Read from the deb822 and one-line files that sources.list(5) describes.
package struct MachineSources: Hashable, Sendable {
    /// The mirror's address.
    package let address: String
    /// The keyring that verifies it.
    package let keyring: String

    /// Debian's own keyring; it holds the keys of later releases too.
    package static let debianKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

    /// Finds the machine's entry for its own release.
    ///
    /// - Parameter root: the folder in which `etc/` stands; `/` but for tests.
    /// - Throws: `SourceError.noMirror` when no entry is for the machine's release; `FileError` when that cannot be told, since a file of apt's
    ///   cannot be read.
    package init(root: FilePath = "/") throws {
        let etc = root.appending("etc")
        let release = try Self.text(etc.appending("os-release"))
        let name = release.split(separator: "\n").first { $0.hasPrefix("VERSION_CODENAME=") }?.dropFirst("VERSION_CODENAME=".count)
        let suite = (name ?? "").filter { $0 != "\"" }
        let folder = etc.appending("apt/sources.list.d")
        var entries: [Entry] = []
        // What one file does not tell, another may: it counts only when none does.
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

    /// The text of a file; none where there is no such file.
    private static func text(_ file: FilePath) throws(FileError) -> String { Files.exists(file) ? try Files.readText(file) : "" }
}

extension MachineSources {
    /// An address of the mirror's as apt needs it, with the user and the password that the machine's own sources have for it; any other as it is. What
    /// is kept has neither.
    ///
    /// - Parameter kept: an address without them.
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
            // A key that stands in the file itself has no name to pass on.
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
