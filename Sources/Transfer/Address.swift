import CLibcurl
import Glibc
import Net

/// An address, split into the parts that decide where a request goes and who may see its password.
struct Address {
    let scheme: String
    /// Scheme, host and port. A password is sent only to the origin that it was given for.
    let origin: String
    let user: String?
    let password: String?
    /// The address without user and password.
    let bare: String
    /// The path in the form that system calls accept.
    private let path: String?

    /// Parses an address as libcurl does (curl_url(3)); nil if libcurl cannot parse it.
    init?(_ text: String) {
        guard let url = curl_url() else { return nil }
        defer { curl_url_cleanup(url) }
        let flags = UInt32(CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE)
        guard curl_url_set(url, CURLUPART_URL, text, flags) == CURLUE_OK,
            let scheme = Self.part(CURLUPART_SCHEME, of: url)?.lowercased()
        else { return nil }
        self.scheme = scheme
        let host = Self.part(CURLUPART_HOST, of: url)?.lowercased() ?? ""
        let port = Self.part(CURLUPART_PORT, of: url, flags: CURLU_DEFAULT_PORT) ?? ""
        origin = "\(scheme)://\(host):\(port)"
        user = Self.part(CURLUPART_USER, of: url, flags: CURLU_URLDECODE)
        password = Self.part(CURLUPART_PASSWORD, of: url, flags: CURLU_URLDECODE)
        path = Self.part(CURLUPART_PATH, of: url, flags: CURLU_URLDECODE)
        curl_url_set(url, CURLUPART_USER, nil, 0)
        curl_url_set(url, CURLUPART_PASSWORD, nil, 0)
        guard let bare = Self.part(CURLUPART_URL, of: url) else { return nil }
        self.bare = bare
    }

    /// What is at a local path if it is not a regular file; otherwise nil. libcurl would wait for a FIFO's writer or the end of a device.
    var kindOfNoFile: String? {
        var status = stat()
        guard let path, stat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return nil
        case S_IFIFO: return "a FIFO"
        case S_IFCHR, S_IFBLK: return "a device"
        case S_IFSOCK: return "a socket"
        case S_IFDIR: return "a directory"
        default: return "of unknown type"
        }
    }

    private static func part(_ part: CURLUPart, of url: OpaquePointer, flags: Int32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(url, part, &text, UInt32(flags)) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}

/// The proxies that an environment names, as curl(1) interprets them: section ENVIRONMENT of its manual page.
struct Proxies: Sendable {
    private let environment: [String: String]

    init(environment: [String: String]) { self.environment = environment }

    /// The proxy for a scheme; empty if there is none.
    ///
    /// `HTTP_PROXY` is ignored: the client of a CGI program can set it with a header named `Proxy`.
    func proxy(for scheme: String) -> String {
        switch scheme {
        case "http": first(["http_proxy", "all_proxy", "ALL_PROXY"])
        case "https": first(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
        default: ""
        }
    }

    /// All proxies in the environment, by variable name.
    var named: [String: String] { environment.filter { $0.key.lowercased().hasSuffix("_proxy") && $0.key.lowercased() != "no_proxy" } }

    /// The hosts that are reached without a proxy.
    var exceptions: String { first(["no_proxy", "NO_PROXY"]) }

    /// The file of trusted certificates: the one that the environment names, as for curl(1), or the system's; empty if there is none. A
    /// statically linked libcurl has no default location.
    var authorities: String {
        let named = first(["CURL_CA_BUNDLE", "SSL_CERT_FILE"])
        return named.isEmpty ? CertificateAuthorities.file() ?? "" : named
    }

    private func first(_ names: [String]) -> String {
        names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
    }
}
