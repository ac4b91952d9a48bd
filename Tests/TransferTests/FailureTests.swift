import Glibc
import SystemPackage
import Testing
import TestServers

@testable import Transfer

@Suite struct FailureTests {
    private let bytes = usual

    @Test("Wrong bytes are kept aside, and the error names both digests and the address")
    func wrongDigest() async throws {
        let other = unusual
        try await DownloadFixture.use { place in
            try await LoopbackServer.run({ request, _ in .file(unusual, request) }) { server in
                let error = await failure(place.wish(bytes, [server.address()]))
                guard case .digestDiffers(_, let expected, let actual, let aside, let address, _)? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(expected == sha256(bytes))
                #expect(actual == sha256(other))
                #expect(address == server.address())
                let kept = try place.read(aside)
                #expect(kept == other)
                #expect(server.requests.count == 1)
                #expect(error?.description.contains(expected) == true)
                #expect(error?.description.contains(actual) == true)
            }
        }
    }

    @Test("A part whose clean retry is wrong too leads to the error, after two requests")
    func wrongTwice() async throws {
        try await DownloadFixture.use { place in
            try place.write(Array(bytes.prefix(1000)), to: place.part)
            try await LoopbackServer.run({ request, _ in .file(unusual, request) }) { server in
                guard case .digestDiffers? = await failure(place.wish(bytes, [server.address()])) else {
                    Issue.record("no digestDiffers")
                    return
                }
                #expect(server.requests.map(\.offset) == [1000, nil])
            }
        }
    }

    @Test("The next mirror is asked when one has not the file, one is not there, and one has wrong bytes")
    func mirrors() async throws {
        try await DownloadFixture.use { place in
            let dead = try await deadAddress()
            try await LoopbackServer.run({ request, _ in
                switch request.target {
                case "/missing": .status(404)
                case "/wrong": .file(unusual, request)
                default: .file(usual, request)
                }
            }) { server in
                let addresses = [server.address("/missing"), dead, server.address("/wrong"), server.address("/right")]
                let done = try await quick().fetch(place.wish(bytes, addresses))
                #expect(done.address == server.address("/right"))
                #expect(server.requests.map(\.target) == ["/missing", "/wrong", "/right"])
                #expect(place.names == ["file", "file.bad"])
            }
        }
    }

    @Test("When no mirror has the file, the error tells of each: what it said, and how often it was asked")
    func nowhere() async throws {
        try await DownloadFixture.use { place in
            let dead = try await deadAddress()
            try await LoopbackServer.run({ request, _ in .status(request.target == "/gone" ? 410 : 503) }) { server in
                let error = await failure(place.wish(bytes, [server.address("/gone"), dead, server.address("/down")]))
                guard case .unreachable(_, let attempts)? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(attempts.map(\.address) == [server.address("/gone"), dead, server.address("/down")])
                #expect(attempts.map(\.tries) == [1, 3, 3])
                #expect(attempts[0].reason == "HTTP 410")
                #expect(attempts[1].reason.contains("connect"))
                #expect(attempts[2].reason == "HTTP 503")
                #expect(place.names == ["file.part"])
            }
        }
    }

    @Test("A busy server is asked again, after the time that it names but not after more than the bound", arguments: [429, 503])
    func busy(status: Int) async throws {
        try await DownloadFixture.use { place in
            try await LoopbackServer.run({ request, number in
                number == 1 ? .status(status, ["Retry-After": "3600"]) : .file(usual, request)
            }) { server in
                let done = try await quick().fetch(place.wish(bytes, [server.address()]))
                #expect(server.requests.count == 2)
                #expect((0.2..<30).contains(done.seconds))
            }
        }
    }

    @Test("The wait doubles with each failure, within half of it, up to the bound; Retry-After makes it longer")
    func delays() {
        let downloader = Downloader(
            environment: [:], pause: .seconds(1), longestPause: .seconds(10), connectTimeout: .seconds(20), stall: .seconds(30))
        for _ in 0..<50 {
            #expect((.milliseconds(500)...(.milliseconds(1500))).contains(downloader.delay(after: 1, asked: nil)))
            #expect((.seconds(2)...(.seconds(6))).contains(downloader.delay(after: 3, asked: nil)))
        }
        #expect(downloader.delay(after: 70, asked: nil) == .seconds(10))
        #expect(downloader.delay(after: 1, asked: 5) == .seconds(5))
        #expect(downloader.delay(after: 1, asked: .max) == .seconds(10))
    }

    @Test("A body that goes past the size is stopped early, announced or not, and nothing of it is kept", arguments: [true, false])
    func tooLong(announced: Bool) async throws {
        try await DownloadFixture.use { place in
            try await LoopbackServer.run({ _, _ in
                var reply = Reply.body(content(400_000))
                if !announced { reply.fields["Content-Length"] = nil }
                reply.steps.append(.wait(30))
                return reply
            }) { server in
                let error = await failure(place.wish(bytes, [server.address()]))
                #expect(error?.description.contains("300000") == true)
                // If it had waited for the end, it would have counted as stalled and been requested again.
                #expect(server.requests.count == 1)
                let left = try place.read(place.part)
                #expect(left.isEmpty)
            }
        }
    }

    @Test("A full disk is told as such, and not tried again")
    func fullDisk() async throws {
        try await DownloadFixture.use { place in
            #expect(symlink("/dev/full", place.part.string) == 0)
            try await LoopbackServer.run({ request, _ in .file(usual, request) }) { server in
                let error = await failure(place.wish(bytes, [server.address(), server.address("/second")]))
                #expect(error == .noSpace(path: place.part))
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test("A destination where this user may not write is told with the system's words", .enabled(if: geteuid() != 0))
    func denied() async throws {
        try await DownloadFixture.use { place in
            chmod(place.directory.string, 0o500)
            #expect(
                await failure(place.wish(bytes, ["http://127.0.0.1:1/"]))
                    == .denied(path: place.file + ".lock", reason: "Permission denied"))
        }
    }

    @Test("What the system says of a file becomes the error that fits")
    func errnos() {
        #expect(TransferError(.diskQuotaExceeded, at: "/a") == .noSpace(path: "/a"))
        #expect(TransferError(.readOnlyFileSystem, at: "/a").description == "/a: Read-only file system")
        #expect(TransferError(.tooManySymbolicLinkLevels, at: "/a") == .file(path: "/a", reason: "Too many levels of symbolic links"))
    }

    @Test("A destination that is a directory, a wish without address and a digest that is none are refused")
    func senseless() async throws {
        try await DownloadFixture.use { place in
            var wish = place.wish(bytes, ["http://127.0.0.1:1/"])
            wish.destination = place.directory
            #expect(await failure(wish) == .file(path: place.directory, reason: "is not a regular file"))
            wish.sha256 = "ABC"
            guard case .invalid? = await failure(wish), case .invalid? = await failure(place.wish(bytes, [])) else {
                Issue.record("not refused")
                return
            }
        }
    }
}
