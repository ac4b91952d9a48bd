import Glibc

/// A program that communicates over a pair of sockets, for as long as this value exists. Its thread blocks on it. Host's processes cannot
/// be used here, because libgit2 calls back in the middle of its work and cannot be suspended.
final class Child {
    private let session: FetchSession
    private let name: String
    private let process: pid_t
    private let talk: Int32
    private let messages: Int32
    private var hasMore = true
    /// The last few kilobytes of the program's standard error.
    private var said: [UInt8] = []

    /// Starts a program.
    ///
    /// - Throws: `FetchError.unreachable` if it does not exist.
    init(_ arguments: [String], environment: [String: String], _ session: FetchSession) throws {
        name = arguments[0]
        self.session = session
        let talk = try SocketPair(session)
        let messages = try SocketPair(session)
        do {
            process = try Self.spawn(arguments, environment, [talk.theirs, talk.theirs, messages.theirs])
        } catch {
            throw FetchError.unreachable(remote: session.remote, reason: error.reason)
        }
        self.talk = talk.takeOurs()
        self.messages = messages.takeOurs()
    }

    deinit {
        close(talk)
        close(messages)
        // The child has its own process group because ssh may have started a proxy.
        kill(-process, SIGTERM)
        var status: Int32 = 0
        for _ in 0..<20 {
            guard waitpid(process, &status, WNOHANG) == 0 else { return }
            usleep(5000)
        }
        kill(-process, SIGKILL)
        waitpid(process, &status, 0)
    }

    /// Reads available bytes, waiting for the first one; 0 at the end, nil if the session must end.
    func read(into buffer: UnsafeMutableRawPointer?, _ size: Int) -> Int? {
        while true {
            let count = recv(talk, buffer, size, Int32(MSG_DONTWAIT))
            if count >= 0 { return count }
            guard errno == EAGAIN || errno == EINTR else { return 0 }
            let files = (hasMore ? [talk, messages] : [talk]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard session.wait(for: files, whatFor: "an answer from \(name)") else { return nil }
            listen()
        }
    }

    /// Writes all bytes; false if the program has ended or the session must end.
    func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = send(talk, rest.baseAddress, rest.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            } else {
                guard errno == EAGAIN || errno == EINTR else { return false }
                guard session.wait(for: talk, POLLOUT, whatFor: "\(name) to read a request") else { return false }
                listen()
            }
        }
        return true
    }

    /// Signals the end of the input.
    func endInput() { shutdown(talk, Int32(SHUT_WR)) }

    /// The program's entire output; nil if the session must end.
    func allOutput() -> [UInt8]? {
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            guard let count = piece.withUnsafeMutableBytes({ read(into: $0.baseAddress, $0.count) }) else { return nil }
            if count == 0 { return all }
            guard session.hears(count) else { return nil }
            all += piece.prefix(count)
        }
    }

    /// The program's messages to its user. Call this after the program has ended.
    func message() -> String {
        for _ in 0..<20 {
            var file = pollfd(fd: messages, events: Int16(POLLIN), revents: 0)
            guard poll(&file, 1, 50) > 0 else { break }
            listen()
            if !hasMore { break }
        }
        return String(decoding: said, as: UTF8.self)
    }

    private func listen() {
        var piece = [UInt8](repeating: 0, count: 4096)
        let count = piece.withUnsafeMutableBytes { recv(messages, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT)) }
        hasMore = count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
        if count > 0 { said = (said + piece.prefix(count)).suffix(8192) }
    }

    private struct NotStarted: Error {
        let reason: String
    }

    private static func spawn(_ arguments: [String], _ environment: [String: String], _ files: [Int32]) throws(NotStarted) -> pid_t {
        guard let program = find(arguments[0], environment) else {
            throw NotStarted(reason: "the program \(arguments[0]) is not installed; install it or set PATH")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, file) in files.enumerated() { posix_spawn_file_actions_adddup2(&actions, file, Int32(number)) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // This thread blocks all signals; the program must receive them.
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        var process = pid_t()
        let code = withStrings(arguments) { arguments in
            withStrings(environment.map { "\($0)=\($1)" }) { posix_spawn(&process, program, &actions, &attributes, arguments, $0) }
        }
        guard code == 0 else { throw NotStarted(reason: "\(program) does not start: \(String(cString: strerror(code)))") }
        return process
    }

    private static func find(_ name: String, _ environment: [String: String]) -> String? {
        if name.contains("/") { return name }
        let folders = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        return folders.lazy.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// Passes strings as a null-terminated C array.
    private static func withStrings<Value>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value) -> Value {
        let copies = strings.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return body(copies + [nil])
    }
}

/// Two connected sockets; those not taken are closed.
final class SocketPair {
    private var ours: Int32
    /// The other end, for a program or a thread that takes ownership of it.
    private(set) var theirs: Int32

    init(_ session: FetchSession) throws {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            throw FetchError.unreachable(remote: session.remote, reason: "cannot create a socket pair: \(String(cString: strerror(errno)))")
        }
        (ours, theirs) = (pair[0], pair[1])
    }

    deinit { for file in [ours, theirs] where file >= 0 { close(file) } }

    func takeOurs() -> Int32 {
        defer { ours = -1 }
        return ours
    }

    func takeTheirs() -> Int32 {
        defer { theirs = -1 }
        return theirs
    }
}
