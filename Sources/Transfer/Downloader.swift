/// Fetches files over HTTP, each wanted by its digest, through libcurl.
///
/// A file is at its destination only when every byte of it is right. What breaks is taken up where it broke, also by a later
/// call or by another process; two that want the same destination wait for each other.
package struct Downloader: Sendable {
    let proxies: Proxies
    let connectTimeout: Duration
    let lowSpeed: Int
    let stall: Duration
    let attempts: Int
    private let pause: Duration
    private let longestPause: Duration

    /// Makes a downloader.
    ///
    /// - Parameters:
    ///   - environment: names the proxies as curl(1) knows them: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`; and with
    ///     `CURL_CA_BUNDLE` or `SSL_CERT_FILE` the certificates to believe. The process's own environment is not read.
    ///   - attempts: how many failures in a row, with less than 1 MiB brought between them, an address may have. Five take seven
    ///     seconds: a mirror that is busy for a moment is free by then.
    ///   - pause: the wait after the first failure. It doubles each time, give or take half of it by chance.
    ///   - longestPause: no wait is longer, not even one that a server asks for with Retry-After (RFC 9110, 10.2.3).
    ///   - connectTimeout: how long a connection may take to be made, TLS included (CURLOPT_CONNECTTIMEOUT_MS).
    ///   - lowSpeed: bytes per second; slower than this for as long as `stall`, and the connection counts as broken.
    ///   - stall: see `lowSpeed`; whole seconds, at least one (CURLOPT_LOW_SPEED_TIME).
    package init(
        environment: [String: String], attempts: Int = 5, pause: Duration = .milliseconds(500),
        longestPause: Duration = .seconds(60), connectTimeout: Duration, lowSpeed: Int = 100, stall: Duration
    ) {
        proxies = Proxies(environment: environment)
        self.connectTimeout = connectTimeout
        self.lowSpeed = lowSpeed
        self.stall = stall
        self.attempts = attempts
        self.pause = pause
        self.longestPause = longestPause
    }

    /// Brings a file to its destination, unless it is there already.
    ///
    /// A file with wrong bytes that is found there, or that an address gives, is kept beside it as `.bad`.
    ///
    /// - Parameter progress: called at most ten times a second, on a thread of the transfer, and once more at the end.
    /// - Throws: `cancelled` soon after the task is cancelled, with what had come kept for later; `unreachable` or
    ///   `digestDiffers` when every address failed; `noSpace`, `denied` or `file` when the disk did; `invalid` when the wish
    ///   makes no sense.
    package func fetch(
        _ download: Download, progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws(TransferError) -> Downloaded {
        let settings = self
        let result = await onTransferThread { (cancellation) throws(TransferError) in
            try cancellation.check()
            return try DownloadTask(download, settings, cancellation: cancellation, progress: progress).run()
        }
        guard let result else { throw .invalid(name: download.name, reason: "the system cannot create a thread") }
        return try result.get()
    }

    /// How long to wait after so many failures; `asked` is what the server wants, in seconds.
    func delay(after failures: Int, asked: Int64?) -> Duration {
        let grown = pause * Double(1 << min(failures - 1, 16)) * Double.random(in: 0.5...1.5)
        return min(longestPause, max(grown, .seconds(asked ?? 0)))
    }
}
