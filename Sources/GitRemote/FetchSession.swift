import CLibgit2
import Git
import Glibc
import Net
import Sanitizing

/// One running fetch, on one thread: its time limits, its observer, and the reason to stop.
///
/// libgit2 waits for the network without a limit, so all waiting is done here in short slices. Between slices, cancellation is checked and
/// the remote's silence is measured.
final class FetchSession {
    let environment: [String: String]
    let patience: Duration
    /// The size limit for the list of references, in bytes.
    let longestList: Int
    /// The remote's address, for messages.
    var remote: String
    var secrets = Secrets()
    var figures = FetchProgress()
    /// The host whose certificate is not trusted.
    var doubtedHost: String?
    /// How to communicate with a remote that libgit2 does not support directly.
    var program: ProgramTransport?
    /// How often the server has requested credentials.
    var credentialsAsked = 0
    /// The number of bytes of the reference list received so far; nil at other times.
    var listed: Int?
    /// Why the fetch must end; this says more than libgit2's resulting error.
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

    /// Whether the fetch may continue. The observer is called at most ten times a second and may throw.
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

    /// Counts received bytes; false if a list of references exceeds the limit, because libgit2 keeps the whole list in memory.
    func hears(_ count: Int) -> Bool {
        guard let before = listed else { return true }
        listed = before + count
        guard before + count > longestList else { return true }
        fail(FetchError.unreachable(remote: remote, reason: "its list of references is longer than \(longestList) bytes"))
        return false
    }

    /// Reports the progress now.
    func report() -> Bool {
        do { try progress(figures) } catch { fail(error) }
        return failure == nil
    }

    /// Ends the fetch. The first reason is kept.
    func fail(_ error: any Error) {
        if failure == nil { failure = (error as? FetchError)?.without(secrets) ?? error }
    }

    /// Clears the failure if the remote closed the connection, so that another method can be tried; false for any other failure.
    func forgives() -> Bool {
        if case .unreachable? = failure as? FetchError { failure = nil }
        return failure == nil
    }

    /// Waits until one of several descriptors is ready; false if the fetch must end.
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

    /// Turns a libgit2 return code into an error, preferring our own reason if there is one.
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
    /// Explains libgit2's error about an unreadable address: if it is not the requested one, a server redirected us there.
    private static func redirected(_ said: String) -> String? {
        guard let place = said.firstMatch(of: /malformed URL '(.*)'/)?.1 else { return nil }
        let shown = Redaction.address(String(place))
        guard !["http://", "https://", "git://"].contains(where: place.hasPrefix) else { return "malformed URL '\(shown)'" }
        return "the server redirects to '\(shown)', which is not followed; only http and https are"
    }

    /// The current thread's session. libgit2 passes no context to the function that opens a socket.
    static var current: FetchSession? {
        pthread_getspecific(key).map { Unmanaged<FetchSession>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Runs `work` with this session as the thread's current one.
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

/// Runs a fetch on its own thread.
///
/// - Throws: `FetchError.noThread`, and errors of the fetch.
func onFetchThread<Value: Sendable>(_ work: @escaping @Sendable (CancellationFlag) throws -> Value) async throws -> Value {
    do { return try await BlockingThread.run(work) } catch is BlockingThread.Unavailable { throw FetchError.noThread }
}
