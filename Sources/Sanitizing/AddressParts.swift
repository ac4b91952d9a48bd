/// An address, split into parts that may or may not be shown. The parser is as tolerant as possible: RFC 3986, git's `user@host:path`
/// (git-clone, "GIT URLS"), one slash instead of two (curl accepts that), a password with a slash in it. It works on bytes, so that a
/// combining character cannot hide an `@`.
struct AddressParts {
    /// The part before the host, including the slashes; empty for a form without.
    var scheme: ArraySlice<UInt8> = []
    /// User and password, without the `@`; nil if there is none.
    var user: ArraySlice<UInt8>?
    /// Host and port, and everything after them that is not a secret.
    var place: [UInt8] = []
    /// The path parameters (RFC 3986, 3.3), each without its `;`.
    var parameters: [ArraySlice<UInt8>] = []
    /// The query, without the `?`; nil if there is none.
    var query: ArraySlice<UInt8>?
    /// The fragment, without the `#`; nil if there is none.
    var fragment: ArraySlice<UInt8>?
    /// Whether the end of a password cannot be determined. Then only the scheme may be shown.
    var isBroken = false
    /// Everything after the scheme.
    private(set) var rest: ArraySlice<UInt8> = []

    /// Whether access is granted by keys instead of secrets in the address. Then the user `git` is not a secret.
    var isSsh: Bool {
        let name = String(decoding: scheme.prefix { $0 != .colon }, as: UTF8.self).lowercased()
        return scheme.isEmpty || name.contains("ssh")
    }

    /// The user name that may be shown: the one that all forges use.
    var plainUser: ArraySlice<UInt8>? {
        guard isSsh, let user, user.elementsEqual("git".utf8) else { return nil }
        return user
    }

    /// Whether any part may be a secret.
    var holdsSecret: Bool {
        isBroken || (user != nil && plainUser == nil) || !parameters.isEmpty || query?.isEmpty == false || fragment?.isEmpty == false
    }

    init(_ bytes: ArraySlice<UInt8>) {
        if let end = Self.endOfScheme(bytes) {
            scheme = bytes[..<end]
            rest = bytes[end...]
            readAuthority()
        } else {
            rest = bytes
            readShortForm()
        }
    }

    /// The end of `https://`. For schemes with hosts, any number of slashes is accepted, because curl accepts one to three.
    static func endOfScheme(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>.Index? {
        guard let colon = bytes.firstIndex(of: .colon), let first = bytes.first, first.isLetter,
            bytes[..<colon].allSatisfy({ $0.isLetter || $0.isDigit || "+-.".utf8.contains($0) })
        else { return nil }
        let end = bytes[(colon + 1)...].firstIndex { $0 != .slash } ?? bytes.endIndex
        let slashes = end - colon - 1
        guard slashes > 0 else { return nil }
        let name = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
        if ["http", "https", "ftp", "ftps", "git", "ssh", "git+ssh", "ssh+git"].contains(name) { return end }
        return slashes > 1 ? colon + 3 : nil
    }

    private mutating func readAuthority() {
        let end = rest.firstIndex { "/?#\\".utf8.contains($0) } ?? rest.endIndex
        let authority = rest[..<end]
        if let at = authority.lastIndex(of: .at) {
            user = authority[..<at]
            place = Array(authority[(at + 1)...])
            isBroken = place.contains(where: \.isBlank)
        } else {
            // `user:pa/ss@host`: the apparent authority ends inside the password. A port must be a number.
            isBroken = !Self.endsInPort(authority) || authority.contains(where: \.isBlank)
            place = Array(authority)
        }
        readPath(rest[end...])
    }

    /// A local path, or `user@host:path`. With a slash before the colon it is a path.
    private mutating func readShortForm() {
        if let first = rest.first, "/.~".utf8.contains(first) {
            place = Array(rest)
            return
        }
        let end = rest.firstIndex(of: .slash) ?? rest.endIndex
        let head = rest[..<end]
        if head.contains(.colon), let at = head.lastIndex(of: .at) {
            user = head[..<at]
            readPath(rest[(at + 1)...])
        } else {
            readPath(rest)
        }
    }

    private mutating func readPath(_ bytes: ArraySlice<UInt8>) {
        let end = bytes.firstIndex { $0 == .question || $0 == .hash } ?? bytes.endIndex
        var path = bytes[..<end]
        while let start = path.firstIndex(of: .semicolon) {
            let stop = path[start...].firstIndex(of: .slash) ?? path.endIndex
            place += path[..<start]
            parameters.append(path[(start + 1)..<stop])
            path = path[stop...]
        }
        place += path
        var tail = bytes[end...]
        if tail.first == .question {
            let stop = tail.firstIndex(of: .hash) ?? tail.endIndex
            query = tail[(tail.startIndex + 1)..<stop]
            tail = tail[stop...]
        }
        if tail.first == .hash { fragment = tail.dropFirst() }
    }

    /// Whether the host is followed by nothing or by a number.
    private static func endsInPort(_ authority: ArraySlice<UInt8>) -> Bool {
        let host = authority.lastIndex(of: UInt8(ascii: "]")).map { authority[$0...] } ?? authority
        guard let colon = host.firstIndex(of: .colon) else { return true }
        return host[(colon + 1)...].allSatisfy(\.isDigit)
    }
}

extension UInt8 {
    static let colon = UInt8(ascii: ":")
    static let slash = UInt8(ascii: "/")
    static let at = UInt8(ascii: "@")
    static let question = UInt8(ascii: "?")
    static let hash = UInt8(ascii: "#")
    static let semicolon = UInt8(ascii: ";")

    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }

    var isBlank: Bool { self <= 0x20 || self == 0x7F }
}
