import CLibgit2
import Git
import Glibc
import Net
import Sanitizing

/// One fetch under way, on one thread: what it may wait for, who hears of it, and why it must end.
///
/// libgit2 waits for a network without end, so every wait is ours: it is cut in slices, and between two of them a cancellation is felt and the
/// other end's silence is measured.
final class FetchSession {
    let environment: [String: String]
    let patience: Duration
    /// The longest list of references that is read, in bytes.
    let longestList: Int
    /// The remote's address, for messages.
    var remote: String
    var secrets = Secrets()
    var figures = FetchProgress()
    /// The host whose certificate was not believed.
    var doubtedHost: String?
    /// How the remote is spoken with, where libgit2 does not do it itself.
    var program: ProgramTransport?
    /// How often the server has asked for credentials.
    var credentialsAsked = 0
    /// The bytes of the list of references that have come, while it comes.
    var listed: Int?
    /// Why the fetch must end; it is more telling than what libgit2 makes of it.
    private(set) var failure: (any Error)?
    private let cancellation: CancellationFlag
    private let progress: (FetchProgress) throws -> Void
    private var lastReport = ContinuousClock.now - .seconds(1)

    init(
        remote: String, environment: [String: String], patience: Duration, longestList: Int, cancellation: CancellationFlag,
        progress: @escaping (FetchProgress) throws -> Void
    ) {
        self.longestList = longestList
        self.remote = remote
        self.environment = environment
        self.patience = patience
        self.cancellation = cancellation
        self.progress = progress
    }

    /// Whether the fetch may go on. Whoever watches is told at most ten times a second, and may throw.
    func goesOn() -> Bool {
        if failure != nil { return false }
        if cancellation.isRaised {
            failure = CancellationError()
            return false
        }
        guard ContinuousClock.now - lastReport >= .milliseconds(100) else { return true }
        lastReport = .now
        return report()
    }

    /// Counts what came; false when a list of references has no end. libgit2 keeps all of it in memory.
    func hears(_ count: Int) -> Bool {
        guard let before = listed else { return true }
        listed = before + count
        guard before + count > longestList else { return true }
        fail(FetchError.unreachable(remote: remote, reason: "its list of references is longer than \(longestList) bytes"))
        return false
    }

    /// Tells the figures now.
    func report() -> Bool {
        do { try progress(figures) } catch { fail(error) }
        return failure == nil
    }

    /// Ends the fetch. The first reason stays.
    func fail(_ error: any Error) {
        if failure == nil { failure = (error as? FetchError)?.without(secrets) ?? error }
    }

    /// Forgets that the other end hung up, where there is another way to try; false for any other reason to end.
    func forgives() -> Bool {
        if case .unreachable? = failure as? FetchError { failure = nil }
        return failure == nil
    }

    /// Waits until one of some descriptors has something; false when the fetch must end.
    func wait(for files: [pollfd], whatFor: String) -> Bool {
        let start = ContinuousClock.now
        var files = files
        while true {
            guard goesOn() else { return false }
            let count = poll(&files, nfds_t(files.count), 100)
            if count > 0 { return true }
            if count < 0, errno != EINTR {
                fail(FetchError.unreachable(remote: remote, reason: String(cString: strerror(errno))))
                return false
            }
            if ContinuousClock.now - start >= patience {
                fail(FetchError.silent(remote: remote, seconds: Int(patience.components.seconds), waitingFor: whatFor))
                return false
            }
        }
    }

    func wait(for file: Int32, _ events: Int32, whatFor: String) -> Bool {
        wait(for: [pollfd(fd: file, events: Int16(events), revents: 0)], whatFor: whatFor)
    }

    /// Turns a return code of libgit2's into an error: our own reason where there is one.
    func check(_ code: Int32) throws {
        if let failure { throw failure }
        guard code < 0 else { return }
        let said = git_error_last().map { String(cString: $0.pointee.message) } ?? "libgit2 error \(code)"
        let reason = secrets.removed(from: Self.redirected(said) ?? said).trimmedEnd
        if let host = doubtedHost { throw FetchError.certificate(remote: remote, host: host, reason: reason) }
        if code == GIT_EAUTH.rawValue { throw FetchError.credentials(remote: remote, reason: reason) }
        throw FetchError.unreachable(remote: remote, reason: reason)
    }
}

extension FetchSession {
    /// What libgit2 means when it cannot read an address: where it was not ours, a server had sent us there.
    private static func redirected(_ said: String) -> String? {
        guard let place = said.firstMatch(of: /malformed URL '(.*)'/)?.1 else { return nil }
        let shown = Redaction.address(String(place))
        guard !["http://", "https://", "git://"].contains(where: place.hasPrefix) else { return "malformed URL '\(shown)'" }
        return "the server redirects to '\(shown)', which is not followed; only http and https are"
    }

    /// The session whose thread this is. libgit2 hands nothing of ours to the function that opens a socket.
    static var current: FetchSession? {
        pthread_getspecific(key).map { Unmanaged<FetchSession>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Does work with this as its thread's session.
    func enter<Value>(_ work: () throws -> Value) rethrows -> Value {
        pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
        defer { pthread_setspecific(Self.key, nil) }
        return try work()
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()
}

/// Runs a fetch on a thread of its own.
///
/// - Throws: `FetchError.noThread`; what the fetch throws.
func onFetchThread<Value: Sendable>(_ work: @escaping @Sendable (CancellationFlag) throws -> Value) async throws -> Value {
    do { return try await BlockingThread.run(work) } catch is BlockingThread.Unavailable { throw FetchError.noThread }
}
