import Foundation
import SystemPackage
import Testing
import TestServers

@testable import Transfer

@Suite struct LengthTests {
    @Test("A server that announces more than it sends, or less, never makes a file of it")
    func lyingLength() async throws {
        try await DownloadFixture.use { place in
            for announced in [usual.count + 10, usual.count - 10] {
                try await LoopbackServer.run({ _, _ in
                    var reply = Reply.body(usual)
                    reply.fields["Content-Length"] = "\(announced)"
                    return reply
                }) { server in
                    for isSized in [true, false] {
                        let error = await failure(place.wish(usual, [server.address()], sized: isSized))
                        try expect(error, announced, isSized, server.address(), place)
                        #expect(!place.names.contains("file"))
                        for name in place.names { try FileManager.default.removeItem(atPath: place.directory.appending(name).string) }
                    }
                }
            }
        }
    }

    /// Expects that the error is detected by the first thing that reveals it: the expected length, the end of the connection, or the
    /// digest.
    private func expect(_ error: TransferError?, _ announced: Int, _ isSized: Bool, _ address: String, _ place: DownloadFixture) throws {
        switch (isSized, announced > usual.count) {
        case (true, _):
            let reason = "has \(announced) bytes, expected \(usual.count)"
            #expect(error == .unreachable(name: "the file", attempts: [Attempt(address: address, reason: reason, tries: 1)]))
        case (false, true):
            let reason = "transfer closed with 10 bytes remaining to read"
            #expect(error == .unreachable(name: "the file", attempts: [Attempt(address: address, reason: reason, tries: 3)]))
        case (false, false):
            let digest = sha256(Array(usual.prefix(announced)))
            guard case .digestDiffers("the file", sha256(usual), digest, let aside, address, _)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(try place.read(aside).count == announced)
        }
    }
}
