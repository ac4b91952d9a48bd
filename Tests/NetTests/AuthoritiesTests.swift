import Foundation
import Net
import Testing

@Suite("Where the authorities' certificates are")
struct AuthoritiesTests {
    @Test(
        "each of the usual places is found when it is the only one, and none on a machine that has none",
        arguments: CertificateAuthorities.places)
    func found(_ place: String) throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "ninepin-authorities-\(UUID())")
        defer { try? FileManager.default.removeItem(at: root) }
        #expect(CertificateAuthorities.file(below: root.path) == nil)
        let file = root.appending(path: place)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data("certificates".utf8).write(to: file)
        #expect(CertificateAuthorities.file(below: root.path) == root.path + place)
    }

    @Test("where there are two, the distribution's own bundle comes before the older name")
    func order() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "ninepin-authorities-\(UUID())")
        defer { try? FileManager.default.removeItem(at: root) }
        for place in CertificateAuthorities.places {
            let file = root.appending(path: place)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("certificates".utf8).write(to: file)
        }
        #expect(CertificateAuthorities.file(below: root.path) == root.path + "/etc/ssl/certs/ca-certificates.crt")
    }
}
