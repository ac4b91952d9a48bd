import FoundationEssentials
import Host
import Model
import SystemPackage
import Transfer

/// A client for a Kubernetes API server.
package struct APIClient: Sendable {
    private let server: String
    private let authority: FilePath
    private let token: String
    private let timeout: Duration

    init(server: String, authority: FilePath, token: String, deadlines: Deadlines = Deadlines()) {
        timeout = deadlines.duration(.serverAnswer)
        self.server = server
        self.authority = authority
        self.token = token
    }

    /// Gets an object; nil if it does not exist (404).
    ///
    /// - Throws: `TransferError`; `ClusterError`; `CancellationError`.
    package func object<Value: Decodable>(_ path: String, as type: Value.Type = Value.self) async throws -> Value? {
        let answer = try await ask("GET", path)
        if answer.status == 404 { return nil }
        return try decode(check(answer, "GET \(path)"), path)
    }

    /// Gets a text.
    ///
    /// - Throws: `TransferError`; `ClusterError`; `CancellationError`.
    package func text(_ path: String) async throws -> String {
        String(decoding: try check(try await ask("GET", path), "GET \(path)"), as: UTF8.self)
    }

    /// Creates an object. An existing one with the same name is not changed.
    ///
    /// - Throws: `TransferError`; `ClusterError`; `CancellationError`.
    package func create(_ object: some Encodable & Sendable, in path: String) async throws {
        let answer = try await ask("POST", path, body: Array(try JSONEncoder().encode(object)))
        // AlreadyExists: the answer to an earlier identical request was lost.
        if answer.status != 409 { _ = try check(answer, "POST \(path)") }
    }

    /// Deletes an object. It is not an error if it does not exist.
    ///
    /// - Throws: `TransferError`; `ClusterError`; `CancellationError`.
    package func delete(_ path: String, graceSeconds: Int) async throws {
        let answer = try await ask("DELETE", "\(path)?gracePeriodSeconds=\(graceSeconds)")
        if answer.status != 404 { _ = try check(answer, "DELETE \(path)") }
    }

    private func ask(_ method: String, _ path: String, body: [UInt8]? = nil) async throws -> HTTPRequest.Answer {
        let fields = ["Authorization": "Bearer \(token)", "Accept": "application/json, */*", "Content-Type": "application/json"]
        do {
            return try await HTTPRequest(
                method, server + path, fields: fields, body: body, authority: authority.string, timeout: timeout
            ).answer()
        } catch {
            try Task.checkCancellation()
            throw error
        }
    }

    private func check(_ answer: HTTPRequest.Answer, _ request: String) throws(ClusterError) -> [UInt8] {
        guard (200..<300).contains(answer.status) else {
            let said = try? JSONDecoder().decode(Refusal.self, from: Data(answer.body))
            let message = said?.message ?? String(decoding: answer.body.prefix(200), as: UTF8.self)
            throw .refused(request: request, status: answer.status, message: String(message.prefix(200)))
        }
        return answer.body
    }

    private func decode<Value: Decodable>(_ body: [UInt8], _ path: String) throws(ClusterError) -> Value {
        do { return try JSONDecoder().decode(Value.self, from: Data(body)) } catch {
            throw .unreadable(request: "GET \(path)", reason: "\(error)")
        }
    }

    /// meta/v1 `Status`.
    private struct Refusal: Decodable {
        let message: String?
    }
}
