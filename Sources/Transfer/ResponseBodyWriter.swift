/// What the header of an answer says about its body.
struct Head {
    /// The status; 200 if the scheme has no status.
    var status: Int
    /// The body's size in bytes; nil if the server does not say.
    var length: Int64?
    /// The Content-Range field of a 206 (RFC 9110, 14.4).
    var range: String?
}

/// Receives the body of one answer: decides by its header whether it belongs to the file, and writes it to the part file.
///
/// libcurl calls it from C, where nothing can be thrown, so errors are stored in `verdict`.
final class ResponseBodyWriter {
    enum Verdict {
        /// Neither a byte nor the end has arrived.
        case open
        /// The body belongs to the file.
        case ours
        /// The body is a message about a failure.
        case words
        /// The answer does not continue the existing bytes; the whole file must be requested.
        case elsewhere
        /// The answer is another file.
        case alien(String)
        /// The disk failed.
        case failed(TransferError)
    }

    private(set) var verdict = Verdict.open
    /// The number of bytes written.
    private(set) var taken: Int64 = 0
    /// The size of the whole file, as far as known.
    private(set) var total: Int64?
    private let part: PartFile
    private let size: Int64?
    private let most: Int64
    private let offset: Int64
    private var ignored = 0

    /// Prepares for a file of which the part file holds the first `offset` bytes.
    ///
    /// - Parameter most: the size limit in bytes if the size is unknown.
    init(part: PartFile, offset: Int64, size: Int64?, most: Int64 = .max) {
        self.most = most
        self.part = part
        self.offset = offset
        self.size = size
        total = size
    }

    /// Receives a piece of the body; returns false if no more is wanted.
    func take(_ bytes: UnsafeRawBufferPointer, head: @autoclosure () -> Head) -> Bool {
        if case .open = verdict { decide(head()) }
        switch verdict {
        case .ours: return write(bytes)
        case .words:
            ignored += bytes.count
            return ignored < 1 << 16
        default: return false
        }
    }

    /// Evaluates an answer that may have ended without a body.
    func end(_ head: Head) {
        if case .open = verdict { decide(head) }
    }

    private func decide(_ head: Head) {
        switch head.status {
        case 206:
            guard let range = ContentRange(head.range ?? ""), range.first == offset else { return verdict = .elsewhere }
            expect(range.total ?? head.length.map { $0 + offset })
            if case .open = verdict { verdict = .ours }
            part.splice()
        case 200:
            expect(head.length)
            guard case .open = verdict else { return }
            do {
                // A server may ignore Range (RFC 9110, 14.2): this is the whole file again.
                try part.startOver()
                verdict = .ours
            } catch {
                verdict = .failed(error)
            }
        default: verdict = .words
        }
    }

    private func expect(_ announced: Int64?) {
        guard let announced else { return }
        if let size, size != announced { verdict = .alien("has \(announced) bytes, expected \(size)") }
        total = announced
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if let size, part.length + Int64(bytes.count) > size {
            verdict = .alien("sends more than the \(size) bytes expected")
            return false
        }
        guard part.length + Int64(bytes.count) <= most else {
            verdict = .alien("sends more than \(most) bytes without announcing a size")
            return false
        }
        do {
            try part.append(bytes)
            taken += Int64(bytes.count)
            return true
        } catch {
            verdict = .failed(error)
            return false
        }
    }
}

/// The Content-Range field of a 206: `bytes 100-199/200`, or `*` as the last part (RFC 9110, 14.4).
struct ContentRange {
    let first: Int64
    let total: Int64?

    init?(_ text: String) {
        let words = text.split { " -/".contains($0) }
        guard words.count == 4, words[0].lowercased() == "bytes", let first = Int64(words[1]), Int64(words[2]) != nil else { return nil }
        self.first = first
        total = Int64(words[3])
    }
}
