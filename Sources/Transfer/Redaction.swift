/// An address as it may be shown: without its password and without the values in its query that open doors.
///
/// An address that is too broken to tell where a password would end loses all but its scheme.
func redacted(_ address: String) -> String {
    guard let mark = address.firstRange(of: "://") else { return redactedQuery(address) }
    let scheme = address[..<mark.upperBound]
    let rest = address[mark.upperBound...]
    let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
    let authority = rest[..<end]
    if let at = authority.lastIndex(of: "@") {
        return scheme + "***" + authority[at...] + redactedQuery(String(rest[end...]))
    }
    // `user:pa/ss@host`: what looks like the authority ends inside the password.
    if rest.contains("@"), !endsInPort(authority) { return scheme + "***" }
    return scheme + authority + redactedQuery(String(rest[end...]))
}

/// Whether the text behind the host is nothing or a number.
private func endsInPort(_ authority: Substring) -> Bool {
    let host = authority.lastIndex(of: "]").map { authority[$0...] } ?? authority
    guard let colon = host.firstIndex(of: ":") else { return true }
    return host[host.index(after: colon)...].allSatisfy(\.isNumber)
}

/// Parts of the names under which signed addresses carry their secrets: `X-Amz-Signature`, `AWSAccessKeyId`, `sig`, `code`.
private let telling = ["token", "key", "sig", "secret", "pass", "pwd", "auth", "credential", "session", "code", "jwt"]

private func redactedQuery(_ text: String) -> String {
    guard let start = text.firstIndex(where: { $0 == "?" || $0 == "#" }) else { return text }
    var shown = String(text[..<start])
    var rest = text[start...]
    while let separator = rest.first {
        let pair = rest.dropFirst().prefix { !"?#&;".contains($0) }
        rest = rest[pair.endIndex...]
        shown.append(separator)
        shown += redactedPair(pair)
    }
    return shown
}

private func redactedPair(_ pair: Substring) -> String {
    guard let equals = pair.firstIndex(of: "=") else { return String(pair) }
    let name = pair[..<equals].lowercased()
    return telling.contains { name.contains($0) } ? pair[...equals] + "***" : String(pair)
}
