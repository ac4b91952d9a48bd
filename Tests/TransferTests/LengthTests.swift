import Foundation
import SystemPackage
import TestServers
import Testing

@testable import Transfer

@Suite struct LengthTests {
    @Test("A server that announces more than it sends, or less, never makes a file of it")
    func lyingLength() async throws {
        try await Place.use { place in
            for announced in [usual.count + 10, usual.count - 10] {
                try await LoopbackServer.run({ _, _ in
                    var reply = Reply.body(usual)
                    reply.fields["Content-Length"] = "\(announced)"
                    return reply
                }) { server in
                    for isSized in [true, false] {
                        let error = await failure(place.wish(usual, [server.address()], sized: isSized))
                        #expect(error != nil)
                        #expect(!place.names.contains("file"))
                        for name in place.names { try FileManager.default.removeItem(atPath: place.directory.appending(name).string) }
                    }
                }
            }
        }
    }
}
