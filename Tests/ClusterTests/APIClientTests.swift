import FoundationEssentials
import Host
import SystemPackage
import Testing
import TestServers
import Transfer

@testable import Cluster

@Suite("Questions to an API server", .timeLimit(.minutes(2)))
struct APIClientTests {
    private struct Thing: Codable, Sendable {
        let name: String
    }

    private func client(_ server: LoopbackServer) -> APIClient {
        APIClient(server: "http://127.0.0.1:\(server.port)", authority: "/dev/null", token: "secret")
    }

    private func refused(_ error: ClusterError?) -> (request: String, status: Int, message: String)? {
        guard case .refused(let request, let status, let message)? = error else { return nil }
        return (request, status, message)
    }

    @Test("an object is read, one that is not there is nil, and a refusal is an error with the server's words")
    func objects() async throws {
        try await LoopbackServer.run({ request, _ in
            switch request.target {
            case "/there": .body(Array(#"{"name": "a", "more": 1}"#.utf8))
            case "/refused": .body(Array(#"{"kind": "Status", "message": "not yours"}"#.utf8), status: 403)
            case "/words": .body([UInt8](repeating: UInt8(ascii: "x"), count: 1000), status: 500)
            case "/wordy": .body(Array(#"{"message": "\#(String(repeating: "y", count: 1000))"}"#.utf8), status: 500)
            case "/moved": Reply(status: 302, fields: ["Location": "/there", "Content-Length": "0"])
            case "/broken": .body(Array(#"{"name": 1}"#.utf8))
            default: .status(404)
            }
        }) { server in
            let client = client(server)
            let there = try await client.object("/there", as: Thing.self)
            let nothing = try await client.object("/not", as: Thing.self)
            #expect(there?.name == "a" && nothing == nil)
            #expect(try await client.text("/there") == #"{"name": "a", "more": 1}"#)
            let found = await #expect(throws: ClusterError.self) { try await client.object("/refused", as: Thing.self) }
            #expect(refused(found)?.status == 403 && refused(found)?.message == "not yours")
            #expect(refused(found)?.request == "GET /refused")
            let long = await #expect(throws: ClusterError.self) { try await client.text("/words") }
            #expect(refused(long)?.message.count == 200, "of a long answer the beginning is told")
            let wordy = await #expect(throws: ClusterError.self) { try await client.text("/wordy") }
            #expect(refused(wordy)?.message == String(repeating: "y", count: 200))
            let moved = await #expect(throws: ClusterError.self) { try await client.text("/moved") }
            #expect(refused(moved)?.status == 302, "the token goes nowhere else")
            let absent = await #expect(throws: ClusterError.self) { try await client.text("/not") }
            #expect(refused(absent)?.status == 404, "a text that is not there is no text")
            let broken = await #expect(throws: ClusterError.self) { try await client.object("/broken", as: Thing.self) }
            guard case .unreadable(let request, _)? = broken else {
                Issue.record("\(String(describing: broken))")
                return
            }
            #expect(request == "GET /broken")
            #expect(server.requests.allSatisfy { $0.fields["authorization"] == "Bearer secret" })
        }
    }

    @Test("making what is there and deleting what is not are no errors; other answers are")
    func changes() async throws {
        try await LoopbackServer.run({ request, _ in
            switch request.target {
            case "/made": .body([], status: 201)
            case "/there": .status(409)
            case "/gone?gracePeriodSeconds=3": .status(404)
            case "/deleted?gracePeriodSeconds=0": .body(Array("{}".utf8))
            default: .status(422)
            }
        }) { server in
            let client = client(server)
            try await client.create(Thing(name: "a"), in: "/made")
            try await client.create(Thing(name: "a"), in: "/there")
            try await client.delete("/gone", graceSeconds: 3)
            try await client.delete("/deleted", graceSeconds: 0)
            let made = await #expect(throws: ClusterError.self) { try await client.create(Thing(name: "a"), in: "/no") }
            #expect(refused(made)?.request == "POST /no" && refused(made)?.status == 422)
            let deleted = await #expect(throws: ClusterError.self) { try await client.delete("/no", graceSeconds: 1) }
            #expect(refused(deleted)?.request == "DELETE /no" && refused(deleted)?.status == 422)
            #expect(server.requests.map(\.method) == ["POST", "POST", "DELETE", "DELETE", "POST", "DELETE"])
            #expect(server.requests.first?.body == Array(#"{"name":"a"}"#.utf8))
            #expect(server.requests.first?.fields["content-type"] == "application/json")
        }
    }

    @Test("nobody who answers is an error that names the question")
    func nobody() async throws {
        let address = try await LoopbackServer.run({ _, _ in .status(500) }) { "http://127.0.0.1:\($0.port)" }
        let client = APIClient(server: address, authority: "/dev/null", token: "")
        let error = await #expect(throws: TransferError.self) { try await client.text("/readyz") }
        guard case .unreachable(let name, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(name == "\(address)/readyz")
    }

    @Test("over TLS the cluster's own authority is believed and no other, and the token reaches the server only then")
    func authority() async throws {
        let folder = try Folder()
        let own = try await Credentials.make(in: folder.path.appending("own"), addresses: ["127.0.0.1"], node: "n", on: folder.host)
        let other = try await Credentials.make(in: folder.path.appending("other"), addresses: ["127.0.0.1"], node: "n", on: folder.host)
        let server = try TLSServer(
            in: folder.path.string, certificate: own.certificate("server").string, key: own.key("server").string)
        defer { server.end() }
        let address = "https://127.0.0.1:\(server.port)"
        let client = APIClient(server: address, authority: own.authority, token: own.adminToken)
        #expect(try await client.text("/") == "Bearer \(own.adminToken)")
        let stranger = APIClient(server: address, authority: other.authority, token: other.adminToken)
        let error = await #expect(throws: TransferError.self) { try await stranger.text("/") }
        #expect(error?.description.contains("certificate") == true, "\(String(describing: error))")
    }
}
