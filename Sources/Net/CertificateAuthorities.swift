import Glibc

/// Where a machine keeps the certificates of the authorities that it believes.
package enum CertificateAuthorities {
    /// The usual places of one file with all of them, as Go's `crypto/x509/root_linux.go` lists them: Debian and Alpine, Fedora, openSUSE,
    /// newer Red Hat, Alpine again.
    package static let places = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
    ]

    /// The first of them that can be read; nil when there is none.
    ///
    /// - Parameter root: the folder that stands for `/`.
    package static func file(below root: String = "") -> String? { places.map { root + $0 }.first { access($0, R_OK) == 0 } }
}
