import Net
import SystemPackage
import Testing
import TestServers

@testable import Transfer

@Suite("Taking up what broke", .timeLimit(.minutes(5))) struct ResumeTests {
    private let bytes = usual

    /// Fetches with an existing part file, and returns the Ranges that the server received.
    private func resume(
        part: [UInt8], sized: Bool = true, _ handler: @escaping LoopbackServer.Handler,
        _ check: (Downloaded) -> Void = { _ in }
    ) async throws -> [Int?] {
        try await DownloadFixture.use { place in
            try place.write(part, to: place.part)
            return try await LoopbackServer.run(handler) { server in
                check(try await quick().fetch(place.wish(bytes, [server.address()], sized: sized)))
                #expect(try place.read(place.file) == bytes)
                #expect(place.names == ["file"])
                return server.requests.map(\.offset)
            }
        }
    }

    @Test("A part is resumed where it ends, and only the rest comes over the wire")
    func rest() async throws {
        let asked = try await resume(part: Array(bytes.prefix(100_000)), { request, _ in .file(usual, request) }) {
            #expect($0.resumedFrom == 100_000)
            #expect($0.received == 200_000)
        }
        #expect(asked == [100_000])
    }

    @Test("A server that ignores the Range makes the file start over, in the same request")
    func ignored() async throws {
        let asked = try await resume(part: Array(bytes.prefix(100_000)), { _, _ in .body(usual) }) {
            #expect($0.resumedFrom == 0)
            #expect($0.received == 300_000)
        }
        #expect(asked == [100_000])
    }

    @Test("A part of an older file leads to one clean fetch, which succeeds")
    func stale() async throws {
        let asked = try await resume(part: content(100_000, seed: 9), { request, _ in .file(usual, request) }) {
            #expect($0.resumedFrom == 0)
            #expect($0.received == 500_000)
        }
        #expect(asked == [100_000, nil])
    }

    @Test("A part that is too long, or as long as the file and wrong, is dropped before anything is asked")
    func tooLong() async throws {
        for count in [300_000, 400_000] {
            let asked = try await resume(part: content(count, seed: 9)) { request, _ in .file(usual, request) }
            #expect(asked == [nil])
        }
    }

    @Test("A part that is too long for a server that knows better is dropped after its 416")
    func unsatisfiable() async throws {
        let asked = try await resume(part: content(400_000, seed: 9), sized: false) { request, _ in .file(usual, request) }
        #expect(asked == [400_000, nil])
    }

    @Test("An answer that continues elsewhere than asked is not spliced in")
    func elsewhere() async throws {
        let asked = try await resume(part: Array(bytes.prefix(100_000))) { request, _ in
            var reply = Reply.file(usual, request)
            if request.offset != nil { reply.fields["Content-Range"] = "bytes 50000-299999/300000" }
            return reply
        }
        #expect(asked == [100_000, nil])
    }

    @Test("A part that is the whole file already takes its name without a request")
    func complete() async throws {
        let asked = try await resume(part: bytes, { _, _ in .status(500) }) {
            #expect($0.resumedFrom == 300_000)
            #expect($0.received == 0)
        }
        #expect(asked == [])
    }

    @Test("A body that ends early is resumed, as often as it takes while it goes well further each time")
    func truncated() async throws {
        let long = content(5 << 20)
        try await DownloadFixture.use { place in
            try await LoopbackServer.run({ request, _ in
                .file(long, request).cut(after: (1 << 20) + 1)
            }) { server in
                let done = try await quick(attempts: 2).fetch(place.wish(long, [server.address()]))
                #expect(try place.read(place.file) == long)
                #expect(done.received == 5 << 20)
                #expect(done.resumedFrom == 0)
                #expect(server.requests.count == 5)
                #expect(server.requests[1].offset == (1 << 20) + 1)
            }
        }
    }

    @Test("A body without a length that ends early is resumed when the size is known")
    func silentlyTruncated() async throws {
        let asked = try await resume(part: []) { request, number in
            var reply = Reply.file(usual, request)
            if number == 1 {
                reply = reply.cut(after: 1234)
                reply.fields["Content-Length"] = nil
            }
            return reply
        }
        #expect(asked == [nil, 1234])
    }

    @Test("A stalled body counts as broken, and is resumed")
    func stalled() async throws {
        let asked = try await resume(part: []) { request, number in
            let reply = Reply.file(usual, request)
            return number == 1 ? reply.cut(after: 50, wait: 30) : reply
        }
        #expect(asked == [nil, 50])
    }

    @Test("A cancelled fetch keeps its part, and a later one resumes there")
    func cancelled() async throws {
        try await DownloadFixture.use { place in
            try await LoopbackServer.run({ request, number in
                let reply = Reply.file(usual, request)
                return number == 1 ? reply.cut(after: 150_000, wait: 600) : reply
            }) { server in
                let wish = place.wish(bytes, [server.address()])
                // With the short timeout that other tests use, the download could fail before a busy machine cancels it.
                let task = Task { await failure(wish, Downloader(environment: [:], connectTimeout: .seconds(20), stall: .seconds(600))) }
                while ((try? place.read(place.part).count) ?? 0) < 150_000 { try await Task.sleep(for: .milliseconds(10)) }
                task.cancel()
                // The server has not ended yet, and there was no second request: only the cancellation ended it.
                #expect(await task.value == .cancelled)
                #expect(server.requests.count == 1)
                #expect(place.names == ["file.part"])
                let done = try await quick().fetch(wish)
                #expect(done.resumedFrom == 150_000)
                #expect(done.received == 150_000)
                #expect(server.requests.map(\.offset) == [nil, 150_000])
            }
        }
    }

    @Test("A fetch is cancelled within 0.3 seconds, be it waiting for bytes, for a lock, or between two tries")
    func cancelledWhileWaiting() async throws {
        try await DownloadFixture.use { place in
            let lock = try PathLock(place.file + ".lock", cancellation: CancellationFlag())
            defer { lock.release() }
            let dead = try await deadAddress()
            try await LoopbackServer.run({ _, _ in .body(usual).cut(after: 10, wait: 30) }) { server in
                var (between, within) = (place.wish(bytes, [dead]), place.wish(bytes, [server.address()]))
                between.destination = place.directory.appending("between")
                within.destination = place.directory.appending("within")
                for wish in [place.wish(bytes, [dead]), between, within] {
                    // Other tests may keep this machine busy: one good measurement out of several is sufficient.
                    var fastest = Duration.seconds(60)
                    for _ in 0..<8 where fastest > .milliseconds(300) {
                        let task = Task {
                            await failure(
                                wish, Downloader(environment: [:], pause: .seconds(60), connectTimeout: .seconds(20), stall: .seconds(30)))
                        }
                        try await Task.sleep(for: .milliseconds(100))
                        let clock = ContinuousClock.now
                        task.cancel()
                        #expect(await task.value == .cancelled)
                        fastest = min(fastest, ContinuousClock.now - clock)
                    }
                    #expect(fastest < .milliseconds(300))
                }
            }
        }
    }
}
