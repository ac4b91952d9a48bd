import Glibc
import Net
import Sanitizing
import SystemPackage

/// Performs one download. It blocks, so it runs on its own thread.
final class DownloadTask {
    /// The outcome of trying one address.
    private enum Visit {
        case came
        case differs(digest: String)
        case failed(String)
    }

    /// The outcome of one request, including its redirects.
    private enum Answer {
        case whole
        case elsewhere
        case broken(String, wait: Int64?)
        case refused(String)
    }

    private let download: Download
    private let settings: Downloader
    private let cancellation: CancellationFlag
    private let handle: CurlHandle
    private let meter: Meter
    private let began = ContinuousClock.now
    private var received: Int64 = 0
    private var tries = 0
    /// The secrets in the addresses, their redirects and the proxies.
    private var secrets = Secrets()

    /// Prepares a download.
    ///
    /// - Throws: `invalid`.
    init(
        _ download: Download, _ settings: Downloader, cancellation: CancellationFlag, progress: @escaping @Sendable (Progress) -> Void
    ) throws(TransferError) {
        func wrong(_ reason: String) -> TransferError { .invalid(name: download.name, reason: reason) }
        guard !download.addresses.isEmpty else { throw wrong("it has no address") }
        if let digest = download.sha256, digest.utf8.count != 64 || !digest.allSatisfy({ "0123456789abcdef".contains($0) }) {
            throw wrong("its SHA-256 is not 64 lowercase hexadecimal digits")
        }
        guard download.destination.lastComponent?.kind == .regular else { throw wrong("its destination is not a file name") }
        guard let handle = CurlHandle(settings, cancellation: cancellation) else {
            throw wrong("libcurl cannot be initialized")
        }
        self.download = download
        self.settings = settings
        self.cancellation = cancellation
        self.handle = handle
        secrets.note(environment: settings.proxies.named)
        meter = Meter(total: download.size, report: progress)
    }

    /// Downloads the file.
    func run() throws(TransferError) -> Downloaded {
        let place = download.destination
        if let there = try present() { return there }
        try makeDirectory(place.directory)
        let lock = try PathLock(place + ".lock", cancellation: cancellation)
        defer { lock.release() }
        // The previous holder of the lock may have downloaded it.
        if let there = try present() { return there }
        if access(place.string, F_OK) == 0 { _ = try setAside(place, for: place) }
        return try bring()
    }

    private func present() throws(TransferError) -> Downloaded? {
        guard let digest = download.sha256, let found = try inspect(download.destination, size: download.size, cancellation: cancellation),
            found.digest == digest
        else { return nil }
        meter.finish(found.length)
        return result(resumedFrom: 0, address: nil)
    }

    private func bring() throws(TransferError) -> Downloaded {
        var part = try PartFile(download.destination + ".part", cancellation: cancellation)
        // If the digest is unknown, the data from an earlier call may belong to another file.
        if download.sha256 == nil { try part.startOver() } else if isRight(part) { return try finish(part, address: nil) }
        if let size = download.size, part.length >= size { try part.startOver() }
        var attempts: [Attempt] = []
        var difference: (digest: String, aside: FilePath, address: String)?
        for address in download.addresses {
            tries = 0
            switch try visit(address, part) {
            case .came: return try finish(part, address: Redaction.address(address))
            case .failed(let reason): attempts.append(Attempt(address: address, reason: reason, tries: tries, secrets: secrets))
            case .differs(let digest):
                let aside = try setAside(part.path, for: download.destination)
                part = try PartFile(part.path, cancellation: cancellation)
                difference = difference ?? (digest, aside, Redaction.address(address))
                attempts.append(
                    Attempt(address: address, reason: "has SHA-256 \(digest), kept as \(aside)", tries: tries, secrets: secrets))
            }
        }
        guard let difference else { throw .unreachable(name: download.name, attempts: attempts) }
        throw .digestDiffers(
            name: download.name, expected: download.sha256 ?? "any", actual: difference.digest, setAside: difference.aside,
            address: difference.address, attempts: attempts)
    }

    private func isRight(_ part: PartFile) -> Bool {
        (download.size ?? part.length) == part.length && (download.sha256 == nil || part.digest == download.sha256)
    }

    private func finish(_ part: PartFile, address: String?) throws(TransferError) -> Downloaded {
        try cancellation.check()
        try part.finish(as: download.destination)
        meter.finish(part.length)
        return result(resumedFrom: part.inherited, address: address)
    }

    private func result(resumedFrom: Int64, address: String?) -> Downloaded {
        Downloaded(
            path: download.destination, received: received, resumedFrom: resumedFrom, address: address,
            seconds: (ContinuousClock.now - began) / .seconds(1))
    }

    /// Requests the file from one address until it is complete or the address fails.
    private func visit(_ address: String, _ part: PartFile) throws(TransferError) -> Visit {
        var failures = 0
        var mark = part.length
        var isClean = false
        while true {
            tries += 1
            switch try ask(address, part) {
            case .refused(let reason): return .failed(reason)
            case .elsewhere: try part.startOver()
            case .whole where isRight(part): return .came
            case .whole:
                guard part.isSpliced, !isClean else { return .differs(digest: part.digest) }
                // The existing bytes may come from an older version of the file. Give the address one chance to send all of it.
                isClean = true
                try part.startOver()
            case .broken(let reason, let wait):
                // A long download over a bad connection may break many times, as long as each attempt makes good progress.
                if part.length >= mark + (1 << 20) { (mark, failures) = (part.length, 0) }
                failures += 1
                guard failures < settings.attempts else { return .failed(reason) }
                try cancellation.sleep(settings.delay(after: failures, asked: wait))
            }
        }
    }

    /// Requests the missing bytes, and follows up to ten redirects.
    private func ask(_ text: String, _ part: PartFile) throws(TransferError) -> Answer {
        guard let start = Address(text) else { return .refused("is not a valid address") }
        guard download.schemes.contains(start.scheme) else { return .refused("the scheme \(start.scheme) is not allowed") }
        if start.scheme == "file", let kind = start.kindOfNoFile { return .refused("it is \(kind), not a regular file") }
        var address = start
        for _ in 0...10 {
            // Without a digest, nothing would reveal that two answers belong to different files.
            if download.sha256 == nil { try part.startOver() }
            // A local file is read again from the start: that is cheap, and libcurl reports no status for it that would tell which part it
            // returns.
            let offset = address.scheme == "file" ? 0 : part.length
            let intake = ResponseBodyWriter(
                part: part, offset: offset, size: download.size, most: download.sha256 == nil ? download.mostUnknown : .max)
            let own = address.user != nil || address.password != nil
            let credentials = own ? address : address.origin == start.origin ? start : nil
            defer { received += intake.taken }
            let ending = try handle.ask(address, credentials: credentials, from: offset, into: intake) {
                meter.tick(part.length, total: intake.total)
            }
            guard (300..<400).contains(ending.status), let target = ending.redirect else {
                return try answer(ending, intake, part)
            }
            secrets.note(address: target)
            guard let next = Address(target) else { return .refused("redirects to an invalid address") }
            guard ["http", "https"].contains(next.scheme), download.schemes.contains(next.scheme) else {
                return .refused("redirects to \(Redaction.address(target)), and the scheme \(next.scheme) is not allowed")
            }
            address = next
        }
        return .refused("redirects more than 10 times")
    }

    private func answer(_ ending: Ending, _ intake: ResponseBodyWriter, _ part: PartFile) throws(TransferError) -> Answer {
        let status = ending.status
        switch intake.verdict {
        case .failed(let error): throw error
        case .elsewhere where part.length > 0: return .elsewhere
        case .elsewhere: return .refused("answers with a range that was not requested")
        case .alien(let reason):
            if intake.taken > 0 { try part.startOver() }
            return .refused(reason)
        case .words where status == 416 && part.length > 0: return .elsewhere
        case .words:
            let may = status >= 500 || passing.contains(status)
            return may ? .broken("HTTP \(status)", wait: ending.retryAfter) : .refused("HTTP \(status)")
        case .ours where ending.isWhole:
            guard let size = download.size, part.length < size else { return .whole }
            return .broken("ended after \(part.length) of \(size) bytes", wait: nil)
        case .ours, .open:
            return ending.mayPass ? .broken(ending.reason, wait: nil) : .refused(ending.reason)
        }
    }
}
