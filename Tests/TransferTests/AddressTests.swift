import Testing
import TestServers

@testable import Transfer

@Suite struct AddressTests {
    private let bytes = usual

    @Test("Redirects are followed, relative ones too, and a Range goes with them")
    func followed() async throws {
        try await DownloadFixture.use { place in
            try place.write(Array(bytes.prefix(10)), to: place.part)
            try await LoopbackServer.run({ request, number in
                switch request.target {
                case "/file": .status(302, ["Location": "/second"])
                case "/second": .status(307, ["Location": "third?x=1"])
                default: .file(usual, request)
                }
            }) { server in
                let done = try await quick().fetch(place.wish(bytes, [server.address()]))
                #expect(done.address == server.address())
                #expect(server.requests.map(\.target) == ["/file", "/second", "/third?x=1"])
                #expect(server.requests.map(\.offset) == [10, 10, 10])
            }
        }
    }

    @Test(
        "A redirect to a file or to another scheme is refused",
        arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"])
    func refused(target: String) async throws {
        try await DownloadFixture.use { place in
            try await LoopbackServer.run({ _, _ in .status(302, ["Location": target]) }) { server in
                var wish = place.wish(bytes, [server.address()])
                wish.schemes = ["http", "https", "file"]
                let error = await failure(wish)
                #expect(error?.description.contains("redirects to \(target), and the scheme") == true)
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test("A loop of redirects ends after ten")
    func loop() async throws {
        try await DownloadFixture.use { place in
            try await LoopbackServer.run({ _, _ in .status(302, ["Location": "/file"]) }) { server in
                #expect(await failure(place.wish(bytes, [server.address()]))?.description.contains("more than 10 times") == true)
                #expect(server.requests.count == 11)
            }
        }
    }

    @Test("User and password go to the address that they are of, through a redirect within it, and to no other")
    func credentials() async throws {
        try await DownloadFixture.use { place in
            try await LoopbackServer.run({ request, _ in .file(usual, request) }) { other in
                let target = other.address()
                try await LoopbackServer.run({ request, number in .status(302, ["Location": number == 1 ? "/again" : target]) }) { server in
                    let address = "http://me:hush%21@127.0.0.1:\(server.port)/file"
                    let done = try await quick().fetch(place.wish(bytes, [address]))
                    #expect(server.requests.map { $0.fields["authorization"] } == ["Basic bWU6aHVzaCE=", "Basic bWU6aHVzaCE="])
                    #expect(other.requests.map { $0.fields["authorization"] } == [nil])
                    #expect(done.address == "http://***@127.0.0.1:\(server.port)/file")
                }
            }
        }
    }

    @Test("No password and no token of an address is in the text of an error")
    func secrets() async throws {
        try await DownloadFixture.use { place in
            try await LoopbackServer.run({ request, _ in
                request.target.hasPrefix("/file") ? .status(404) : .status(302, ["Location": "ftp://u:hidden4@x/?sig=hidden5"])
            }) { server in
                let error = await failure(
                    place.wish(
                        bytes,
                        [
                            "http://me:hidden1@127.0.0.1:\(server.port)/file?X-Amz-Signature=hidden2&part=1", server.address("/else"),
                            "http://me:hid/hidden3@nowhere", "http://me:hidden6@127.0.0.1:1/",
                        ]))
                let text = "\(error?.description ?? "") \(String(reflecting: error))"
                #expect(!text.contains("hid"))
                #expect(text.contains("http://***@127.0.0.1:\(server.port)/file?***: HTTP 404"))
                #expect(text.contains("redirects to ftp://***@x/?***"))
            }
        }
    }

    @Test("The proxy that the environment names is asked, but not for the hosts that it excepts")
    func proxy() async throws {
        try await DownloadFixture.use { place in
            try await LoopbackServer.run({ request, _ in .file(usual, request) }) { server in
                let proxy = ["http_proxy": server.address("/")]
                _ = try await quick(proxy).fetch(place.wish(bytes, ["http://elsewhere.invalid/file"]))
                #expect(server.requests.map(\.target) == ["http://elsewhere.invalid/file"])

                let dead = ["http_proxy": try await deadAddress(), "no_proxy": "example.org,127.0.0.1"]
                let other = content(10)
                try await LoopbackServer.run({ _, _ in .body(content(10)) }) { direct in
                    _ = try await quick(dead).fetch(place.wish(other, [direct.address("/direct")]))
                    #expect(direct.requests.map(\.target) == ["/direct"])
                }
                #expect(await failure(place.wish(bytes, [server.address()]), quick(["http_proxy": try await deadAddress()])) != nil)
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test("A proxy that refuses a tunnel is not asked again")
    func tunnel() async throws {
        try await DownloadFixture.use { place in
            try await LoopbackServer.run({ _, _ in .status(403) }) { server in
                let error = await failure(
                    place.wish(bytes, ["https://elsewhere.invalid/file"]), quick(["HTTPS_PROXY": server.address("/")]))
                #expect(error?.description.contains("403") == true)
                #expect(server.requests.map(\.method) == ["CONNECT"])
            }
        }
    }

    @Test("A proxy that cannot be read is refused without a word of its password")
    func brokenProxy() async throws {
        try await DownloadFixture.use { place in
            let wish = place.wish(bytes, ["http://elsewhere.invalid/file"])
            for proxy in ["what://me:hidden@proxy", "http://me:hidden@pro xy:x"] {
                let error = await failure(wish, quick(["http_proxy": proxy]))
                #expect(error != nil)
                #expect(error?.description.contains("hidden") == false)
            }
        }
    }

    @Test("Proxies are chosen as curl chooses them")
    func proxyChoice() {
        let proxies = Proxies(environment: ["HTTP_PROXY": "a", "HTTPS_PROXY": "b", "all_proxy": "c", "NO_PROXY": "d", "no_proxy": ""])
        #expect(proxies.proxy(for: "http") == "c")
        #expect(proxies.proxy(for: "https") == "b")
        #expect(proxies.proxy(for: "file") == "")
        #expect(proxies.exceptions == "d")
    }

    @Test(
        "A Content-Range is read, and what is none is not",
        arguments: [
            ("bytes 5-9/10", 5), ("bytes 5-9/*", 5), ("bytes */10", nil), ("bytes 5-9", nil), ("lines 5-9/10", nil), ("", nil),
            ("bytes /", nil), ("bytes x-9/10", nil),
        ] as [(String, Int64?)])
    func contentRange(text: String, first: Int64?) {
        #expect(ContentRange(text)?.first == first)
    }
}
