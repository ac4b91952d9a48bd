import SystemPackage
import Testing
import TestServers

@testable import Transfer

@Suite("Certificates", .timeLimit(.minutes(1)))
struct TLSTests {
    private let hello = Array("hello".utf8)

    @Test("a server whose certificate nobody vouches for is refused at once, and nothing is kept of it")
    func unknownCertificate() async throws {
        try await DownloadFixture.use { place in
            let server = try TLSServer(in: place.directory.string, name: "127.0.0.1")
            defer { server.end() }
            let wish = place.wish(hello, ["https://127.0.0.1:\(server.port)/file"])
            let error = await failure(wish)
            guard case .unreachable(_, let attempts)? = error else {
                Issue.record("not refused: \(String(describing: error))")
                return
            }
            #expect(attempts.map(\.tries) == [1])
            #expect(attempts.first?.reason.contains("certificate") == true, "\(attempts)")
            #expect(((try? place.read(place.part)) ?? []).isEmpty && !place.names.contains("file"))
            // The same server is accepted if its certificate is trusted, so the certificate was the only problem.
            let done = try await quick(["CURL_CA_BUNDLE": server.certificate]).fetch(wish)
            #expect(done.received == 5)
        }
    }

    @Test("a certificate that is vouched for, but is another host's, is refused, and nothing is kept")
    func otherHost() async throws {
        try await DownloadFixture.use { place in
            let server = try TLSServer(in: place.directory.string, name: "elsewhere.example.org")
            defer { server.end() }
            let wish = place.wish(hello, ["https://127.0.0.1:\(server.port)/file"])
            let error = await failure(wish, quick(["CURL_CA_BUNDLE": server.certificate]))
            guard case .unreachable(_, let attempts)? = error else {
                Issue.record("not refused: \(String(describing: error))")
                return
            }
            #expect(attempts.map(\.tries) == [1])
            #expect(attempts.first?.reason.contains("certificate") == true, "\(attempts)")
            #expect(attempts.first?.reason.contains("127.0.0.1") == true, "\(attempts)")
            #expect(((try? place.read(place.part)) ?? []).isEmpty && !place.names.contains("file"))
        }
    }
}
