import Net
import SystemPackage
import Testing
import TestServers

@testable import Transfer

@Suite struct FetchTests {
    private let bytes = usual

    @Test("A file comes to its destination, in directories that were not there, and nothing is left beside it")
    func plain() async throws {
        try await DownloadFixture.use { place in
            try await LoopbackServer.run({ request, _ in .file(usual, request) }) { server in
                var wish = place.wish(bytes, [server.address()])
                wish.destination = place.directory.appending("a").appending("b").appending("file")
                let done = try await quick().fetch(wish)
                #expect(try place.read(wish.destination) == bytes)
                #expect(done.path == wish.destination)
                #expect(done.received == 300_000)
                #expect(done.resumedFrom == 0)
                #expect(done.address == server.address())
                #expect(server.requests.count == 1)
                #expect(server.requests[0].fields["user-agent"] == "ninepin")
                #expect(place.names == ["a"])
                #expect(DownloadFixture(directory: wish.destination.removingLastComponent()).names == ["file"])
            }
        }
    }

    @Test("A file whose length nobody says comes whole, and an empty one needs no request")
    func lengths() async throws {
        try await DownloadFixture.use { place in
            let file = content(70_000)
            try await LoopbackServer.run({ _, _ in Reply(steps: [.bytes(file)]) }) { server in
                let done = try await quick().fetch(place.wish(file, [server.address()], sized: false))
                #expect(done.received == 70_000)
                #expect(try await quick().fetch(place.wish([], [server.address()])).received == 0)
                #expect(try place.read(place.file) == [])
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test("A file that is there with the right bytes needs no request")
    func present() async throws {
        try await DownloadFixture.use { place in
            try place.write(bytes, to: place.file)
            let done = try await quick().fetch(place.wish(bytes, [try await deadAddress()]))
            #expect(done.received == 0)
            #expect(done.address == nil)
            #expect(place.names == ["file"])
        }
    }

    @Test("A file that is there with wrong bytes is moved aside and fetched anew")
    func wrongBytes() async throws {
        try await DownloadFixture.use { place in
            try place.write(unusual, to: place.file)
            try place.write([1], to: place.file + ".bad")
            try await LoopbackServer.run({ request, _ in .file(usual, request) }) { server in
                _ = try await quick().fetch(place.wish(bytes, [server.address()]))
            }
            #expect(try place.read(place.file) == bytes)
            #expect(try place.read(place.file + ".bad-2") == unusual)
            #expect(place.names == ["file", "file.bad", "file.bad-2"])
        }
    }

    @Test("Progress is told at most about ten times a second, never goes back, and ends with the whole")
    func progress() async throws {
        try await DownloadFixture.use { place in
            try await LoopbackServer.run({ _, _ in
                var reply = Reply.body(usual)
                reply.steps = (0..<30).flatMap { [.bytes(Array(usual[$0 * 10_000..<($0 + 1) * 10_000])), .wait(0.02)] }
                return reply
            }) { server in
                let notes = Notes<Progress>()
                let done = try await quick().fetch(place.wish(bytes, [server.address()])) { notes.add($0) }
                #expect(notes.all.count >= 3)
                #expect(Double(notes.all.count) <= done.seconds * 10 + 2)
                #expect(notes.all.map(\.received) == notes.all.map(\.received).sorted())
                #expect(notes.all.last?.received == 300_000)
                #expect(notes.all.allSatisfy { $0.total == 300_000 })
                #expect((notes.all.last?.bytesPerSecond ?? 0) > 0)
            }
        }
    }

    @Test("A file on this machine comes only when its scheme is allowed")
    func localFile() async throws {
        try await DownloadFixture.use { place in
            let source = place.directory.appending("source")
            try place.write(bytes, to: source)
            try place.write(Array(bytes.prefix(1000)), to: place.part)
            var wish = place.wish(bytes, ["file://\(source)"])
            #expect(await failure(wish)?.description.contains("the scheme file is not allowed") == true)
            wish.schemes = ["file"]
            let done = try await quick().fetch(wish)
            #expect(done.received == 300_000)
            #expect(try place.read(place.file) == bytes)
        }
    }

    @Test("Eight fetches of one destination at once make one request, and all find the file")
    func together() async throws {
        try await DownloadFixture.use { place in
            try await LoopbackServer.run({ request, _ in
                var reply = Reply.file(usual, request)
                reply.steps.insert(.wait(0.2), at: 0)
                return reply
            }) { server in
                let wish = place.wish(bytes, [server.address()])
                let received = try await withThrowingTaskGroup(of: Int64.self) { group in
                    for _ in 0..<8 { group.addTask { try await quick().fetch(wish).received } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(received.sorted() == [0, 0, 0, 0, 0, 0, 0, 300_000])
                #expect(server.requests.count == 1)
                #expect(place.names == ["file"])
            }
        }
    }

    @Test("A lock is held by one at a time, though each holder removes its file", .timeLimit(.minutes(1)))
    func lock() async throws {
        try await DownloadFixture.use { place in
            let path = place.directory.appending("lock")
            let order = Notes<Int>()
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        _ = try? await BlockingThread.run {
                            for _ in 0..<5 {
                                guard let lock = try? PathLock(path, cancellation: CancellationFlag()) else { continue }
                                order.add(number)
                                try? CancellationFlag().sleep(.milliseconds(2))
                                order.add(number)
                                lock.release()
                            }
                        }
                    }
                }
            }
            let seen = order.all
            #expect(seen.count == 60)
            #expect(stride(from: 0, to: seen.count, by: 2).allSatisfy { seen[$0] == seen[$0 + 1] })
            #expect(place.names == [])
        }
    }

    @Test("A file that nobody knows comes from one answer, whole, and nothing that is there already is part of it")
    func unknown() async throws {
        let (first, second) = (content(300_000, seed: 3), content(300_000, seed: 4))
        try await DownloadFixture.use { place in
            try place.write(Array(first.prefix(1000)), to: place.part)
            let handler: LoopbackServer.Handler = { request, number in
                number == 1 ? Reply.file(first, request).cut(after: 100_000) : .file(second, request)
            }
            try await LoopbackServer.run(handler) { server in
                var wish = place.wish(second, [server.address()], sized: false)
                wish.sha256 = nil
                _ = try await quick().fetch(wish)
                #expect(try place.read(place.file) == second)
                #expect(server.requests.map(\.offset) == [nil, nil])
                // An endless answer is aborted.
                var small = wish
                small.mostUnknown = 200_000
                small.destination = place.directory.appending("small")
                await #expect(throws: TransferError.self) { _ = try await quick().fetch(small) }
                #expect(server.requests.count == 3)
                // A repeated download starts from scratch: earlier data says nothing about the current file.
                _ = try await quick().fetch(wish)
                #expect(server.requests.count == 4)
            }
        }
    }
}
