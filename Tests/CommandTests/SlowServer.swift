import Foundation
import Host
import SystemPackage
import TestServers

/// A gate that opens once, for all waiting threads.
final class Gate: Sendable {
    private let turnstile = DispatchSemaphore(value: 0)

    /// Waits until it is open, for at most a minute.
    func wait() {
        if turnstile.wait(timeout: .now() + 60) == .success { turnstile.signal() }
    }

    func open() { turnstile.signal() }
}

/// A recipe for an archive served by the test's own server.
struct ServedArchive {
    let origin: Origin
    let server: LoopbackServer
    let gate: Gate

    /// Serves the archive while the body runs. A reply is made from the archive's bytes, the request, and the request's number, counted
    /// from 1.
    static func use(
        _ reply: @escaping @Sendable (_ bytes: [UInt8], _ request: Request, _ number: Int, _ gate: Gate) -> Reply,
        _ body: (ServedArchive) async throws -> Void
    ) async throws {
        let origin = try Origin()
        try origin.archive("HEAD", as: "a.tar")
        let bytes = Array(try Data(contentsOf: URL(filePath: "\(origin.path)/a.tar")))
        let gate = Gate()
        try await LoopbackServer.run({ request, number in reply(bytes, request, number, gate) }) { server in
            defer { gate.open() }
            try origin.archiveRecipe(at: [server.address("/a.tar")], file: "a.tar")
            try await body(ServedArchive(origin: origin, server: server, gate: gate))
        }
    }

    /// Waits until the archive was requested the given number of times.
    func waitForRequest(_ number: Int = 1) async throws { try await soon("request \(number)") { server.requests.count >= number } }
}

struct TooLate: Error, CustomStringConvertible {
    let description: String
}

/// Waits for a condition that should hold soon.
///
/// - Throws: `TooLate` after a minute, which is far longer than any of these checks takes.
func soon(_ what: String, _ holds: () throws -> Bool) async throws {
    for _ in 0..<6000 {
        if try holds() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    throw TooLate(description: "\(what) did not come in a minute")
}
