import CLibcurl
import Net

/// The outcome of one request.
struct Ending {
    /// Whether libcurl received the whole answer.
    let isWhole: Bool
    /// Why it did not, without secrets.
    let reason: String
    /// Whether the same request may succeed later.
    let mayPass: Bool
    /// The HTTP status; 0 if no answer came.
    let status: Int
    /// The absolute target of a 3xx redirect.
    let redirect: String?
    /// How many seconds the server asks to wait; nil if it does not say.
    let retryAfter: Int64?
}

/// libcurl, used for one request at a time with connections kept open in between. It blocks, so it must run on its own thread.
final class CurlHandle {
    private let multi: UnsafeMutableRawPointer
    private let easy: UnsafeMutableRawPointer
    private let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private let settings: Downloader
    private let cancellation: CancellationFlag

    /// Whether curl_global_init(3), which may run only once, succeeded.
    static let isReady = curl_global_init(Int(CURL_GLOBAL_SSL | CURL_GLOBAL_WIN32)) == CURLE_OK

    /// Creates the handles; nil if libcurl is out of memory.
    init?(_ settings: Downloader, cancellation: CancellationFlag) {
        guard Self.isReady, let multi = curl_multi_init() else { return nil }
        guard let easy = curl_easy_init() else {
            curl_multi_cleanup(multi)
            return nil
        }
        self.multi = multi
        self.easy = easy
        self.settings = settings
        self.cancellation = cancellation
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_multi_cleanup(multi)
        words.deallocate()
    }

    /// Requests the bytes from an offset on, and passes them to the intake. Redirects are not followed.
    ///
    /// - Throws: `cancelled`.
    func ask(
        _ address: Address, credentials: Address?, from offset: Int64, into intake: ResponseBodyWriter, tick: () -> Void
    ) throws(TransferError) -> Ending {
        words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        let body = Body(easy: easy, intake: intake, isFile: address.scheme == "file")
        prepare(address, credentials, offset)
        let code = try withExtendedLifetime(body) { () throws(TransferError) -> CURLcode in
            ninepin_set_pointer(easy, CURLOPT_WRITEDATA, Unmanaged.passUnretained(body).toOpaque())
            return try perform(easy, in: multi, cancellation: cancellation, tick)
        }
        let head = body.head()
        if code == CURLE_OK { intake.end(head) }
        return ending(code, status: head.status, proxy: settings.proxies.proxy(for: address.scheme))
    }

    private func prepare(_ address: Address, _ credentials: Address?, _ offset: Int64) {
        let proxies = settings.proxies
        curl_easy_reset(easy)
        ninepin_set_pointer(easy, CURLOPT_ERRORBUFFER, words)
        ninepin_set_data_callback(easy, CURLOPT_WRITEFUNCTION, takeBody)
        ninepin_set_string(easy, CURLOPT_URL, address.bare)
        ninepin_set_string(easy, CURLOPT_PROTOCOLS_STR, address.scheme)
        ninepin_set_string(easy, CURLOPT_USERAGENT, "ninepin")
        if let user = credentials?.user { ninepin_set_string(easy, CURLOPT_USERNAME, user) }
        if let password = credentials?.password { ninepin_set_string(easy, CURLOPT_PASSWORD, password) }
        // Set these even when they are empty: otherwise libcurl uses the process's own environment.
        ninepin_set_string(easy, CURLOPT_PROXY, proxies.proxy(for: address.scheme))
        ninepin_set_string(easy, CURLOPT_NOPROXY, proxies.exceptions)
        if !proxies.authorities.isEmpty { ninepin_set_string(easy, CURLOPT_CAINFO, proxies.authorities) }
        if offset > 0 { ninepin_set_string(easy, CURLOPT_RANGE, "\(offset)-") }
        ninepin_set_long(easy, CURLOPT_NOSIGNAL, 1)
        ninepin_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1)
        ninepin_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2)
        ninepin_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
        ninepin_set_long(easy, CURLOPT_BUFFERSIZE, 1 << 17)
        ninepin_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(settings.connectTimeout / .milliseconds(1)))
        ninepin_set_long(easy, CURLOPT_LOW_SPEED_LIMIT, settings.lowSpeed)
        ninepin_set_long(easy, CURLOPT_LOW_SPEED_TIME, max(1, Int((settings.stall / .seconds(1)).rounded(.up))))
    }

    private func ending(_ code: CURLcode, status: Int, proxy: String) -> Ending {
        var proxyStatus = 0
        ninepin_get_long(easy, CURLINFO_HTTP_CONNECTCODE, &proxyStatus)
        var wait: curl_off_t = 0
        ninepin_get_off_t(easy, CURLINFO_RETRY_AFTER, &wait)
        var target: UnsafePointer<CChar>?
        ninepin_get_string(easy, CURLINFO_REDIRECT_URL, &target)
        let isProxysRefusal = (400..<500).contains(proxyStatus) && !passing.contains(proxyStatus)
        var reason = String(cString: words)
        // libcurl's message quotes an invalid proxy address, including its password.
        if reason.isEmpty || !proxy.isEmpty && reason.contains(proxy) { reason = String(cString: curl_easy_strerror(code)) }
        return Ending(
            isWhole: code == CURLE_OK, reason: reason, mayPass: transient.contains(code.rawValue) && !isProxysRefusal, status: status,
            redirect: target.map { String(cString: $0) }, retryAfter: wait > 0 ? Int64(wait) : nil)
    }
}

/// Performs a handle's transfer, and checks for cancellation many times a second.
///
/// - Throws: `cancelled`.
func perform(
    _ easy: UnsafeMutableRawPointer, in multi: UnsafeMutableRawPointer, cancellation: CancellationFlag, _ tick: () -> Void
) throws(TransferError) -> CURLcode {
    guard curl_multi_add_handle(multi, easy) == CURLM_OK else { return CURLE_FAILED_INIT }
    defer { curl_multi_remove_handle(multi, easy) }
    var running: Int32 = 1
    while running > 0 {
        guard curl_multi_perform(multi, &running) == CURLM_OK else { return CURLE_FAILED_INIT }
        tick()
        if cancellation.isRaised {
            // Without CURLOPT_QUICK_EXIT, libcurl would wait for a pending name lookup.
            ninepin_set_long(easy, CURLOPT_QUICK_EXIT, 1)
            throw .cancelled
        }
        if running > 0 { curl_multi_poll(multi, nil, 0, 50, nil) }
    }
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left) {
        if message.pointee.msg == CURLMSG_DONE { return message.pointee.data.result }
    }
    return CURLE_FAILED_INIT
}

/// Temporary statuses below 500: 408 and 429 (RFC 9110 and 6585), 425 (RFC 8470).
let passing: Set<Int> = [408, 425, 429]

/// Failures of the network, or of a server that is starting or stopping: libcurl-errors(3).
private let transient = Set(
    [
        CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT, CURLE_GOT_NOTHING,
        CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_SSL_CONNECT_ERROR, CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2,
        CURLE_HTTP2_STREAM, CURLE_HTTP3, CURLE_QUIC_CONNECT_ERROR, CURLE_PROXY, CURLE_AGAIN,
    ].map(\.rawValue))

/// The context of the body callback.
private final class Body {
    private let easy: UnsafeMutableRawPointer
    let intake: ResponseBodyWriter
    private let isFile: Bool

    init(easy: UnsafeMutableRawPointer, intake: ResponseBodyWriter, isFile: Bool) {
        (self.easy, self.intake, self.isFile) = (easy, intake, isFile)
    }

    func head() -> Head {
        var status = 0
        ninepin_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        var length: curl_off_t = -1
        ninepin_get_off_t(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length)
        var field: UnsafeMutablePointer<curl_header>?
        let found = curl_easy_header(easy, "Content-Range", 0, UInt32(CURLH_HEADER), -1, &field) == CURLHE_OK
        let range = found ? field.flatMap { String(cString: $0.pointee.value) } : nil
        return Head(status: isFile ? 200 : status, length: length >= 0 ? Int64(length) : nil, range: range)
    }
}

/// The callback for CURLOPT_WRITEFUNCTION: any return value other than the number of given bytes ends the transfer.
private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes, let context, size * count > 0 else { return 0 }
    let body = Unmanaged<Body>.fromOpaque(context).takeUnretainedValue()
    let taken = body.intake.take(UnsafeRawBufferPointer(start: bytes, count: size * count), head: body.head())
    return taken ? size * count : 0
}
