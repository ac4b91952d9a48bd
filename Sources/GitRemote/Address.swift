import Glibc

/// The location of a remote, and how to reach it.
struct Address {
    enum Way: Hashable {
        /// A folder on this machine.
        case folder(path: String)
        /// A host reached through ssh(1).
        case ssh(host: String, port: String?, path: String)
        /// A protocol that libgit2 implements: `git`, `http` or `https`.
        case network(scheme: String)
    }

    let way: Way

    /// Parses an address as git does (git-clone(1), "GIT URLS"); nil for an unsupported scheme.
    init?(_ text: String) {
        guard let mark = text.firstRange(of: "://") else {
            way = Self.shortForm(text)
            return
        }
        let scheme = text[..<mark.lowerBound].lowercased()
        let rest = String(text[mark.upperBound...])
        switch scheme {
        case "file": way = .folder(path: Self.decoded(rest))
        case "git", "http", "https": way = .network(scheme: scheme)
        case "ssh", "git+ssh", "ssh+git":
            guard let ssh = Self.ssh(rest) else { return nil }
            way = ssh
        default: return nil
        }
    }

    /// `user@host:path`; if a slash precedes the colon, the text is a path.
    private static func shortForm(_ text: String) -> Way {
        guard let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/") else { return .folder(path: text) }
        return .ssh(host: String(text[..<colon]), port: nil, path: String(text[text.index(after: colon)...]))
    }

    private static func ssh(_ rest: String) -> Way? {
        guard let slash = rest.firstIndex(of: "/") else { return nil }
        var host = String(rest[..<slash])
        var path = decoded(String(rest[slash...]))
        // In a URL, a home directory is written `/~user/x`.
        if path.hasPrefix("/~") { path.removeFirst() }
        var port: String?
        let end = host.lastIndex(of: "]") ?? host.startIndex
        if let colon = host[end...].lastIndex(of: ":"), host[host.index(after: colon)...].allSatisfy(\.isNumber) {
            port = String(host[host.index(after: colon)...])
            host = String(host[..<colon])
        }
        host.removeAll { $0 == "[" || $0 == "]" }
        return .ssh(host: decoded(host), port: port, path: path)
    }

    /// Whether `USER@HOST` may contain a password: ssh(1) accepts none in an address, and it would be visible to everyone in `/proc` as
    /// part of ssh's arguments. A host has no colon, unless it is an IPv6 address, which has at least two.
    static func mayHoldPassword(_ host: String) -> Bool {
        let bytes = Array(host.utf8)
        let colon = UInt8(ascii: ":")
        let start = bytes.lastIndex(of: UInt8(ascii: "@")).map { $0 + 1 } ?? 0
        return bytes[..<start].contains(colon) || bytes[start...].count { $0 == colon } == 1
    }

    /// Decodes percent-encoding such as `%20`.
    static func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), digits.utf8.count == 2, let value = UInt8(digits, radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
