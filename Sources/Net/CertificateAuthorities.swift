import Glibc

/// The file of certificate authorities that a machine trusts.
package enum CertificateAuthorities {
    /// The usual paths of a single file with all certificates, as listed in Go's `crypto/x509/root_linux.go`: Debian and Alpine, Fedora,
    /// openSUSE, newer Red Hat, Alpine again.
    package static let places = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
    ]

    /// The first readable file; nil if there is none.
    ///
    /// - Parameter root: a folder to use as `/`.
    package static func file(below root: String = "") -> String? { places.map { root + $0 }.first { access($0, R_OK) == 0 } }
}
