/// Downloads files over HTTP with libcurl, and verifies their digests.
///
/// A file appears at its destination only when every byte of it is right. An interrupted download is resumed where it stopped, also by a
/// later call or another process. Two downloads to the same destination wait for each other.
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
    ///   - environment: names the proxies as for curl(1): `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`; and with `CURL_CA_BUNDLE`
    ///     or `SSL_CERT_FILE` the trusted certificates. The process's own environment is not read.
    ///   - attempts: how many times an address may fail in a row with less than 1 MiB received in between. Five attempts take seven
    ///     seconds: enough for a mirror that is briefly overloaded.
    ///   - pause: the wait after the first failure. It doubles each time, with a random variation of up to half.
    ///   - longestPause: the maximum wait, even if a server asks for more with Retry-After (RFC 9110, 10.2.3).
    ///   - connectTimeout: the timeout for connecting, including TLS (CURLOPT_CONNECTTIMEOUT_MS).
    ///   - lowSpeed: bytes per second; a connection that is slower for the duration of `stall` is considered broken.
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

    /// Downloads a file to its destination, unless it already exists.
    ///
    /// A file with wrong bytes, existing or downloaded, is kept as `.bad` next to the destination.
    ///
    /// - Parameter progress: called at most ten times a second on a transfer thread, and once more at the end.
    /// - Throws: `cancelled` soon after the task is canceled, keeping the received data for later; `unreachable` or `digestDiffers` if
    ///   every address failed; `noSpace`, `denied` or `file` if the disk failed; `invalid` if the download is not valid.
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

    /// The wait after a number of failures; `asked` is the server's Retry-After, in seconds.
    func delay(after failures: Int, asked: Int64?) -> Duration {
        let grown = pause * Double(1 << min(failures - 1, 16)) * Double.random(in: 0.5...1.5)
        return min(longestPause, max(grown, .seconds(asked ?? 0)))
    }
}
