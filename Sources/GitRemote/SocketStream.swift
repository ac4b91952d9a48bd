import CLibgit2
import Glibc
import Net
import Synchronization

/// A socket that waits through the session. It replaces libgit2's own, which waits without a limit. libgit2 adds TLS on top.
final class SocketStream {
    private let session: FetchSession
    private let host: String
    private let port: String
    private var file: Int32 = -1

    /// libgit2's return code for registering this stream for `git`, `http` and `https`; reading it registers the stream.
    static let registered: Int32 = {
        var registration = git_stream_registration()
        registration.version = GIT_STREAM_VERSION
        registration.`init` = { out, host, port in
            guard let session = FetchSession.current, let host, let port else { return -1 }
            out?.pointee = SocketStream(session, host: String(cString: host), port: String(cString: port)).handle()
            return 0
        }
        return git_stream_register(GIT_STREAM_STANDARD, &registration)
    }()

    private init(_ session: FetchSession, host: String, port: String) {
        self.session = session
        self.host = host
        self.port = port
    }

    /// The stream in libgit2's form; it retains this object until libgit2 frees it.
    private func handle() -> UnsafeMutablePointer<git_stream> {
        let stream = UnsafeMutablePointer<ninepin_git_stream>.allocate(capacity: 1)
        stream.initialize(to: ninepin_git_stream())
        stream.pointee.owner = Unmanaged.passRetained(self).toOpaque()
        stream.pointee.parent.version = GIT_STREAM_VERSION
        stream.pointee.parent.connect = { SocketStream.of($0)?.connect() ?? -1 }
        stream.pointee.parent.read = { SocketStream.of($0)?.read(into: $1, $2) ?? -1 }
        stream.pointee.parent.write = { stream, bytes, count, _ in SocketStream.of(stream)?.write(bytes, count) ?? -1 }
        stream.pointee.parent.close = { SocketStream.of($0)?.close() ?? -1 }
        stream.pointee.parent.free = { stream in
            guard let own = SocketStream.own(stream) else { return }
            if let owner = own.pointee.owner { Unmanaged<SocketStream>.fromOpaque(owner).release() }
            own.deallocate()
        }
        return UnsafeMutableRawPointer(stream).assumingMemoryBound(to: git_stream.self)
    }

    deinit { _ = close() }

    private static func own(_ stream: UnsafeMutablePointer<git_stream>?) -> UnsafeMutablePointer<ninepin_git_stream>? {
        UnsafeMutableRawPointer(stream)?.assumingMemoryBound(to: ninepin_git_stream.self)
    }

    private static func of(_ stream: UnsafeMutablePointer<git_stream>?) -> SocketStream? {
        own(stream)?.pointee.owner.map { Unmanaged<SocketStream>.fromOpaque($0).takeUnretainedValue() }
    }

    private func connect() -> Int32 {
        guard let places = SocketPlace.resolve(host, port, session) else { return failed() }
        var reason = "it has no address"
        for place in places {
            switch place.connect(session) {
            case .success(let file):
                self.file = file
                return 0
            case .failure(let error): reason = error.reason
            }
            if session.failure != nil { return failed() }
        }
        session.fail(FetchError.unreachable(remote: session.remote, reason: "cannot connect to \(host), port \(port): \(reason)"))
        return failed()
    }

    private func read(into buffer: UnsafeMutableRawPointer?, _ size: Int) -> Int {
        while true {
            let count = recv(file, buffer, size, Int32(MSG_DONTWAIT))
            if count >= 0 { return session.hears(count) ? count : Int(failed()) }
            guard errno == EINTR || isBusy else { return Int(broken("read")) }
            guard session.wait(for: file, POLLIN, whatFor: "an answer from \(host)") else { return Int(failed()) }
        }
    }

    private func write(_ bytes: UnsafePointer<CChar>?, _ size: Int) -> Int {
        while true {
            let count = send(file, bytes, size, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            if count >= 0 { return count }
            guard errno == EINTR || isBusy else { return Int(broken("write")) }
            guard session.wait(for: file, POLLOUT, whatFor: "\(host) to read a request") else { return Int(failed()) }
        }
    }

    private func close() -> Int32 {
        if file >= 0 { Glibc.close(file) }
        file = -1
        return 0
    }

    private var isBusy: Bool { errno == EAGAIN || errno == EWOULDBLOCK }

    private func broken(_ what: String) -> Int32 {
        git_error_set_str(Int32(GIT_ERROR_NET.rawValue), "cannot \(what): \(String(cString: strerror(errno)))")
        return -1
    }

    /// Reports a failure whose reason is in the session.
    private func failed() -> Int32 {
        git_error_set_str(Int32(GIT_ERROR_NET.rawValue), "the transfer has ended")
        return -1
    }
}

/// One socket address of a host.
struct SocketPlace: Sendable {
    private let family: Int32
    private let protocolNumber: Int32
    private let address: [UInt8]

    /// Why a connection failed.
    struct Failure: Error {
        let reason: String
    }

    /// Opens a connected socket.
    func connect(_ session: FetchSession) -> Result<Int32, Failure> {
        let file = socket(
            family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), protocolNumber)
        guard file >= 0 else { return .failure(Failure(reason: String(cString: strerror(errno)))) }
        var code = address.withUnsafeBytes { bytes in
            bytes.bindMemory(to: sockaddr.self).baseAddress.map { Glibc.connect(file, $0, socklen_t(bytes.count)) == 0 ? 0 : errno }
                ?? EINVAL
        }
        if code == EINPROGRESS {
            guard session.wait(for: file, POLLOUT, whatFor: "a connection") else {
                close(file)
                return .failure(Failure(reason: "ended"))
            }
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(file, SOL_SOCKET, SO_ERROR, &code, &size)
        }
        guard code != 0 else { return .success(file) }
        close(file)
        return .failure(Failure(reason: String(cString: strerror(code))))
    }

    /// The addresses of a host; nil if the session has failed. The resolver cannot be interrupted, so it runs on a thread that can be
    /// abandoned.
    static func resolve(_ host: String, _ port: String, _ session: FetchSession) -> [SocketPlace]? {
        if case .success(let places) = look(host, port, AI_NUMERICHOST) { return places }
        guard let pair = try? SocketPair(session) else {
            session.fail(FetchError.unreachable(remote: session.remote, reason: String(cString: strerror(errno))))
            return nil
        }
        let answer = Answer()
        let (file, end) = (pair.takeOurs(), pair.takeTheirs())
        defer { close(file) }
        let isStarted = BlockingThread.detach {
            answer.set(look(host, port, 0))
            close(end)
        }
        guard isStarted else {
            close(end)
            session.fail(FetchError.noThread)
            return nil
        }
        guard session.wait(for: file, POLLIN, whatFor: "the address of \(host)") else { return nil }
        switch answer.get() {
        case .success(let places)?: return places
        case .failure(let failure)?:
            session.fail(FetchError.unreachable(remote: session.remote, reason: "cannot resolve \(host): \(failure.reason)"))
        case nil: session.fail(FetchError.unreachable(remote: session.remote, reason: "cannot resolve \(host)"))
        }
        return nil
    }

    /// The result of the resolver's thread; by then, nobody may be waiting for it.
    private final class Answer: Sendable {
        private let value = Mutex<Result<[SocketPlace], Failure>?>(nil)

        func set(_ result: Result<[SocketPlace], Failure>) { value.withLock { $0 = result } }

        func get() -> Result<[SocketPlace], Failure>? { value.withLock { $0 } }
    }

    private static func look(_ host: String, _ port: String, _ flags: Int32) -> Result<[SocketPlace], Failure> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = flags
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, port, &hints, &first)
        guard code == 0 else { return .failure(Failure(reason: String(cString: gai_strerror(code)))) }
        defer { freeaddrinfo(first) }
        var places: [SocketPlace] = []
        var next = first
        while let info = next?.pointee {
            let address = Array(UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen)))
            places.append(SocketPlace(family: info.ai_family, protocolNumber: info.ai_protocol, address: address))
            next = info.ai_next
        }
        return .success(places)
    }
}
