import CLibcurl
import Net
import Sanitizing

/// An HTTP request to an API. The answer is small and is kept in memory.
package struct HTTPRequest: Sendable {
    package struct Answer: Sendable {
        /// The status (RFC 9110, 15).
        package let status: Int
        package let body: [UInt8]
    }

    package var address: String
    /// The method, such as `GET` or `POST`.
    package var method: String
    /// The header fields.
    package var fields: [String: String]
    /// The request body; nil for none.
    package var body: [UInt8]?
    /// The file of trusted certificates; nil for the system's.
    package var authority: String?
    /// The timeout for the whole exchange.
    package var timeout: Duration
    /// The size limit for the answer, in bytes.
    package var limit: Int

    package init(
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

    /// Sends the request. Proxies are not used, and redirects are not followed.
    ///
    /// - Throws: `TransferError`: `cancelled` soon after the task is canceled; `unreachable` if no complete answer came.
    package func answer() async throws(TransferError) -> Answer {
        let result = await onTransferThread { (cancellation) throws(TransferError) in
            try cancellation.check()
            guard let handle = RequestHandle(self, cancellation: cancellation) else { throw self.failed("libcurl is out of memory") }
            return try handle.run()
        }
        guard let result else { throw failed("the system cannot create a thread") }
        return try result.get()
    }

    func failed(_ reason: String) -> TransferError {
        .unreachable(name: Redaction.address(address), attempts: [Attempt(address: address, reason: reason, tries: 1)])
    }
}

/// libcurl, for one exchange.
private final class RequestHandle {
    private let multi: UnsafeMutableRawPointer
    private let easy: UnsafeMutableRawPointer
    private let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var fields: UnsafeMutablePointer<curl_slist>?
    private let request: HTTPRequest
    private let cancellation: CancellationFlag
    private let sent: [UInt8]

    init?(_ request: HTTPRequest, cancellation: CancellationFlag) {
        guard CurlHandle.isReady, let multi = curl_multi_init() else { return nil }
        guard let easy = curl_easy_init() else {
            curl_multi_cleanup(multi)
            return nil
        }
        self.multi = multi
        self.easy = easy
        self.request = request
        self.cancellation = cancellation
        sent = request.body ?? []
        words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_multi_cleanup(multi)
        curl_slist_free_all(fields)
        words.deallocate()
    }

    func run() throws(TransferError) -> HTTPRequest.Answer {
        let body = Received(limit: request.limit)
        let code = try sent.withUnsafeBufferPointer { bytes throws(TransferError) -> CURLcode in
            prepare(bytes)
            ninepin_set_pointer(easy, CURLOPT_WRITEDATA, Unmanaged.passUnretained(body).toOpaque())
            return try withExtendedLifetime(body) { () throws(TransferError) in try perform(easy, in: multi, cancellation: cancellation) {}
            }
        }
        guard code == CURLE_OK else {
            let said = String(cString: words)
            throw request.failed(
                body.isTooLong
                    ? "the answer has more than \(request.limit) bytes" : said.isEmpty ? String(cString: curl_easy_strerror(code)) : said)
        }
        var status = 0
        ninepin_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        return HTTPRequest.Answer(status: status, body: body.bytes)
    }

    private func prepare(_ bytes: UnsafeBufferPointer<UInt8>) {
        ninepin_set_pointer(easy, CURLOPT_ERRORBUFFER, words)
        ninepin_set_data_callback(easy, CURLOPT_WRITEFUNCTION, receive)
        ninepin_set_string(easy, CURLOPT_URL, request.address)
        ninepin_set_string(easy, CURLOPT_PROTOCOLS_STR, "https,http")
        ninepin_set_string(easy, CURLOPT_USERAGENT, "ninepin")
        ninepin_set_string(easy, CURLOPT_PROXY, "")
        ninepin_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
        if let authority = request.authority { ninepin_set_string(easy, CURLOPT_CAINFO, authority) }
        if request.body != nil {
            // An empty buffer has no address, and libcurl interprets null as "read the data from a callback".
            ninepin_set_string(easy, CURLOPT_POSTFIELDS, "")
            ninepin_set_off_t(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
            if let start = bytes.baseAddress {
                ninepin_set_pointer(easy, CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: start))
            }
        }
        for (name, value) in request.fields { fields = curl_slist_append(fields, "\(name): \(value)") }
        if let fields { ninepin_set_pointer(easy, CURLOPT_HTTPHEADER, fields) }
        ninepin_set_long(easy, CURLOPT_NOSIGNAL, 1)
        ninepin_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1)
        ninepin_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2)
        ninepin_set_long(easy, CURLOPT_TIMEOUT_MS, Int(request.timeout / .milliseconds(1)))
    }
}

/// The data received so far; libcurl's callback appends to it.
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

/// The callback for CURLOPT_WRITEFUNCTION: any return value other than the number of given bytes ends the transfer.
private func receive(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    guard let bytes, let context, size * count > 0 else { return 0 }
    let body = Unmanaged<Received>.fromOpaque(context).takeUnretainedValue()
    return body.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}
