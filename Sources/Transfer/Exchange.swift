import CLibcurl
import Sanitizing

/// One request of an API, and its whole answer: small documents over HTTP, kept in memory.
public struct Exchange: Sendable {
    /// An answer.
    public struct Answer: Sendable {
        /// The status (RFC 9110, 15).
        public let status: Int
        /// The body.
        public let body: [UInt8]
    }

    /// The address.
    public var address: String
    /// The method: `GET`, `POST`.
    public var method: String
    /// The fields of the head.
    public var fields: [String: String]
    /// What is sent; nil for nothing.
    public var body: [UInt8]?
    /// The file with the certificates to believe; the system's own when nil.
    public var authority: String?
    /// How long the whole exchange may take.
    public var timeout: Duration
    /// How many bytes an answer may have.
    public var limit: Int

    /// Makes a request.
    public init(
        _ method: String = "GET", _ address: String, fields: [String: String] = [:], body: [UInt8]? = nil, authority: String? = nil,
        timeout: Duration, limit: Int = 8 << 20
    ) {
        self.method = method
        self.address = address
        self.fields = fields
        self.body = body
        self.authority = authority
        self.timeout = timeout
        self.limit = limit
    }

    /// Asks. No proxy is used, and no redirect is followed.
    ///
    /// - Throws: `TransferError`: `cancelled` soon after the task is; `unreachable` when no whole answer came.
    public func answer() async throws(TransferError) -> Answer {
        let stop = Stop()
        let result = await withTaskCancellationHandler {
            await onThread { () -> Result<Answer, TransferError> in
                Result { () throws(TransferError) in
                    try stop.check()
                    guard let wire = ExchangeWire(self, stop: stop) else { throw self.failed("libcurl has no memory") }
                    return try wire.run()
                }
            }
        } onCancel: {
            stop.raise()
        }
        guard let result else { throw failed("the system gives no thread for it") }
        return try result.get()
    }

    func failed(_ reason: String) -> TransferError {
        .unreachable(name: Redaction.address(address), attempts: [Attempt(address: address, reason: reason, tries: 1)])
    }
}

/// libcurl, for one exchange.
private final class ExchangeWire {
    private let multi: UnsafeMutableRawPointer
    private let easy: UnsafeMutableRawPointer
    private let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var fields: UnsafeMutablePointer<curl_slist>?
    private let exchange: Exchange
    private let stop: Stop
    private let sent: [UInt8]

    init?(_ exchange: Exchange, stop: Stop) {
        guard Wire.isReady, let multi = curl_multi_init() else { return nil }
        guard let easy = curl_easy_init() else {
            curl_multi_cleanup(multi)
            return nil
        }
        self.multi = multi
        self.easy = easy
        self.exchange = exchange
        self.stop = stop
        sent = exchange.body ?? []
        words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_multi_cleanup(multi)
        curl_slist_free_all(fields)
        words.deallocate()
    }

    func run() throws(TransferError) -> Exchange.Answer {
        let body = Received(limit: exchange.limit)
        let code = try sent.withUnsafeBufferPointer { bytes throws(TransferError) -> CURLcode in
            prepare(bytes)
            ninepin_set_pointer(easy, CURLOPT_WRITEDATA, Unmanaged.passUnretained(body).toOpaque())
            return try withExtendedLifetime(body) { () throws(TransferError) in try perform(easy, in: multi, stop: stop) {} }
        }
        guard code == CURLE_OK else {
            let said = String(cString: words)
            throw exchange.failed(
                body.isTooLong
                    ? "the answer has more than \(exchange.limit) bytes" : said.isEmpty ? String(cString: curl_easy_strerror(code)) : said)
        }
        var status = 0
        ninepin_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        return Exchange.Answer(status: status, body: body.bytes)
    }

    private func prepare(_ bytes: UnsafeBufferPointer<UInt8>) {
        ninepin_set_pointer(easy, CURLOPT_ERRORBUFFER, words)
        ninepin_set_data_callback(easy, CURLOPT_WRITEFUNCTION, receive)
        ninepin_set_string(easy, CURLOPT_URL, exchange.address)
        ninepin_set_string(easy, CURLOPT_PROTOCOLS_STR, "https,http")
        ninepin_set_string(easy, CURLOPT_USERAGENT, "ninepin")
        ninepin_set_string(easy, CURLOPT_PROXY, "")
        ninepin_set_string(easy, CURLOPT_CUSTOMREQUEST, exchange.method)
        if let authority = exchange.authority { ninepin_set_string(easy, CURLOPT_CAINFO, authority) }
        if exchange.body != nil {
            // An empty buffer has no address, and libcurl takes null for "read it from a callback".
            ninepin_set_string(easy, CURLOPT_POSTFIELDS, "")
            ninepin_set_off_t(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
            if let start = bytes.baseAddress {
                ninepin_set_pointer(easy, CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: start))
            }
        }
        for (name, value) in exchange.fields { fields = curl_slist_append(fields, "\(name): \(value)") }
        if let fields { ninepin_set_pointer(easy, CURLOPT_HTTPHEADER, fields) }
        ninepin_set_long(easy, CURLOPT_NOSIGNAL, 1)
        ninepin_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1)
        ninepin_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2)
        ninepin_set_long(easy, CURLOPT_TIMEOUT_MS, Int(exchange.timeout / .milliseconds(1)))
    }
}

/// What came so far; libcurl's callback fills it.
private final class Received {
    private(set) var bytes: [UInt8] = []
    private(set) var isTooLong = false
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    func take(_ piece: UnsafeRawBufferPointer) -> Bool {
        isTooLong = bytes.count + piece.count > limit
        if !isTooLong { bytes.append(contentsOf: piece) }
        return !isTooLong
    }
}

/// CURLOPT_WRITEFUNCTION: any number but that of the bytes given ends the transfer.
private func receive(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    guard let bytes, let context, size * count > 0 else { return 0 }
    let body = Unmanaged<Received>.fromOpaque(context).takeUnretainedValue()
    return body.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}
