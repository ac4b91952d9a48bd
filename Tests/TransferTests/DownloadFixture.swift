import Crypto
import Foundation
import Synchronization
import SystemPackage
import TestServers

@testable import Transfer

/// A test's own directory, with the files that a download creates there.
struct DownloadFixture {
    let directory: FilePath

    init(directory: FilePath) { self.directory = directory }

    private init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("transfer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        directory = FilePath(url.path)
    }

    /// Creates the directory, and removes it after the body.
    static func use<T>(_ body: (DownloadFixture) async throws -> T) async throws -> T {
        let place = try DownloadFixture()
        defer { try? FileManager.default.removeItem(atPath: place.directory.string) }
        return try await body(place)
    }

    var file: FilePath { directory.appending("file") }
    var part: FilePath { file + ".part" }

    /// The names in the directory, sorted.
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: directory.string)) ?? []).sorted() }

    func write(_ bytes: [UInt8], to path: FilePath) throws { try Data(bytes).write(to: URL(fileURLWithPath: path.string)) }

    func read(_ path: FilePath) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path.string))) }

    /// A download of these bytes from some addresses.
    func wish(_ bytes: [UInt8], _ addresses: [String], sized: Bool = true) -> Download {
        Download(
            addresses: addresses, name: "the file", size: sized ? Int64(bytes.count) : nil, sha256: sha256(bytes), destination: file)
    }
}

/// Bytes without repetition, so that a misplaced piece is noticed.
func content(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        withUnsafeBytes(of: state.byteSwapped) { bytes.append(contentsOf: $0) }
    }
    return Array(bytes.prefix(count))
}

/// The file of most tests, and another one of the same length.
let usual = content(300_000)
let unusual = content(300_000, seed: 2)

func sha256(_ bytes: [UInt8]) -> String { SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined() }

/// A downloader with short waits.
func quick(_ environment: [String: String] = [:], attempts: Int = 3) -> Downloader {
    Downloader(
        environment: environment, attempts: attempts, pause: .milliseconds(5), longestPause: .milliseconds(200),
        connectTimeout: .seconds(20),
        stall: .seconds(1))
}

/// The error of a fetch; nil if it succeeds.
func failure(_ download: Download, _ downloader: Downloader = quick()) async -> TransferError? {
    do {
        _ = try await downloader.fetch(download)
        return nil
    } catch {
        return error
    }
}

/// A loopback port without a server: the one that had it has ended.
func deadAddress() async throws -> String {
    try await LoopbackServer.run({ _, _ in .status(500) }) { $0.address() }
}

/// Collects values from callbacks.
final class Notes<T: Sendable>: Sendable {
    private let items = Mutex<[T]>([])

    func add(_ item: T) { items.withLock { $0.append(item) } }

    var all: [T] { items.withLock { $0 } }
}
