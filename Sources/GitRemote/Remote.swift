import CLibgit2
import Git
import Sanitizing

/// A mirror's connection to the upstream repository.
final class Remote {
    private let session: FetchSession
    private let url: String
    private let repository: OpaquePointer
    private let sshCommand: String?
    private let authorities: String?
    private var handle: OpaquePointer?
    private var address: Address?
    /// The address after `insteadOf`.
    private var real = ""
    private let mirror: String
    private var hasConnected = false
    private var program: ProgramTransport?

    init(_ url: String, of mirror: Repository, _ session: FetchSession) throws {
        self.session = session
        self.url = url
        self.mirror = mirror.path
        let configuration = Configuration(environment: session.environment)
        sshCommand = try configuration.value(of: "core.sshCommand")
        authorities = try configuration.value(of: "http.sslCAInfo")
        var repository: OpaquePointer?
        try GitError.check(git_repository_open_bare(&repository, mirror.path), "open repository", mirror.path)
        guard let repository else { throw GitError("open repository", mirror.path, "libgit2 returned nothing") }
        self.repository = repository
        try Self.forbidCleaning("\(mirror.path)/config")
        let settings = try configuration.open(with: "\(mirror.path)/config")
        defer { git_config_free(settings) }
        try GitError.check(git_repository_set_config(repository, settings), "set up", mirror.path)
        try GitError.check(SocketStream.registered, "set up", "sockets")
        try make()
    }

    deinit {
        git_remote_free(handle)
        git_repository_free(repository)
    }

    /// Disables `gc.auto`: otherwise git would occasionally repack the mirror if somebody ran it there.
    private static func forbidCleaning(_ file: String) throws {
        var settings: OpaquePointer?
        try GitError.check(git_config_open_ondisk(&settings, file), "read git's settings", file)
        defer { git_config_free(settings) }
        var value: Int32 = 1
        if git_config_get_int32(&value, settings, "gc.auto") == 0, value == 0 { return }
        try GitError.check(git_config_set_int32(settings, "gc.auto", 0), "write git's settings", file)
    }

    /// Creates libgit2's remote, which applies `url.*.insteadOf` to the address.
    private func make() throws {
        git_remote_free(handle)
        handle = nil
        try session.check(git_remote_create_anonymous(&handle, repository, url))
        real = git_remote_url(handle).map { String(cString: $0) } ?? url
        session.secrets.note(address: real)
        if real != url { session.remote = "\(Redaction.bare(url)) (rewritten to \(Redaction.bare(real)) by git's insteadOf setting)" }
        guard let address = Address(real) else {
            throw FetchError.unreachable(
                remote: session.remote,
                reason: "'\(real.prefix { $0 != ":" })' is not supported; use https, git, ssh, file, or the path of a folder")
        }
        self.address = address
        // ssh would take the user for the host, and send the rest there.
        if case .ssh(_, nil, let path) = address.way, !real.contains("://"), path.prefix(while: { $0 != "/" }).contains("@") {
            throw FetchError.unreachable(
                remote: session.remote, reason: "an address such as git@host:path cannot contain a password; use a key, or https://")
        }
        if case .ssh(let host, _, _) = address.way, Address.mayHoldPassword(host) {
            throw FetchError.unreachable(
                remote: session.remote,
                reason:
                    "the ssh address contains a password, which every user of this machine could read while ssh runs; use a key, or https://"
            )
        }
        if case .ssh(let host, _, _) = address.way, host.utf8.first == UInt8(ascii: "-") {
            throw FetchError.unreachable(remote: session.remote, reason: "'\(host)' is not a valid host name")
        }
        program = ProgramTransport(address, sshCommand: sshCommand, session)
    }

    /// Runs `work` over one connection.
    func connected<Value>(_ work: () throws -> Value) throws -> Value {
        try guarded {
            try connect()
            defer { git_remote_disconnect(handle) }
            return try work()
        }
    }

    private func guarded<Value>(_ work: () throws -> Value) throws -> Value {
        guard case .network("https")? = address?.way else { return try work() }
        return try Certificates.hold(session, setting: authorities, work)
    }

    private func connect() throws {
        var options = git_remote_connect_options()
        git_remote_connect_options_init(&options, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION))
        options.callbacks = callbacks()
        options.proxy_opts.type = GIT_PROXY_AUTO
        session.listed = 0
        defer { session.listed = nil }
        let code = git_remote_connect_ext(handle, GIT_DIRECTION_FETCH, &options)
        if code < 0, session.failure == nil, let unspoken = Unspoken.last { throw unspoken }
        try session.check(code)
        hasConnected = true
    }

    /// Responses that libgit2 does not support, recognized by its messages (smart_pkt.c, `ref_pkt`; transports/http.c, `handle_response`).
    enum Unspoken: Error {
        /// A list with lines that are not references, or with IDs of another length.
        case list
        /// An answer that does not use the smart protocol.
        case answer

        static var last: Unspoken? {
            guard let said = git_error_last().map({ String(cString: $0.pointee.message) }) else { return nil }
            return said == "error parsing REF pkt-line" ? .list : said.hasPrefix("invalid content-type") ? .answer : nil
        }
    }

    /// git itself, for the same address.
    func git() throws -> GitProgram {
        guard let address else { throw FetchError.unreachable(remote: session.remote, reason: "it has no address") }
        return try GitProgram(address, real, for: url, sshCommand: sshCommand, mirror: mirror, session)
    }

    /// Whether the remote is a folder that has listed its references: an object missing later is missing in that folder.
    var isListedFolder: Bool {
        if case .folder? = address?.way { hasConnected } else { false }
    }

    /// All references of the remote, in its order.
    func references() throws -> [Reference] {
        var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
        var count = 0
        try session.check(git_remote_ls(&heads, &count, handle))
        return UnsafeBufferPointer(start: heads, count: count).compactMap { head in
            // A name that is not UTF-8 cannot be requested; its commit can be, by its ID.
            guard let head = head?.pointee, let name = head.name, let name = String(validatingCString: name) else { return nil }
            return Reference(name: name, id: ObjectID(head.oid), target: head.symref_target.map { String(cString: $0) })
        }
    }

    /// Fetches the given refspecs and nothing else. No reference is written.
    func download(_ refspecs: [String]) throws {
        var options = git_fetch_options()
        git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION))
        options.callbacks = callbacks()
        options.proxy_opts.type = GIT_PROXY_AUTO
        options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
        options.update_fetchhead = 0
        var texts: [UnsafeMutablePointer<CChar>?] = refspecs.map { text in
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: text.utf8.count + 1)
            copy.initialize(from: Array(text.utf8CString), count: text.utf8.count + 1)
            return copy
        }
        defer { texts.forEach { $0?.deallocate() } }
        let code = texts.withUnsafeMutableBufferPointer { texts in
            var list = git_strarray(strings: texts.baseAddress, count: texts.count)
            return git_remote_download(handle, &list, &options)
        }
        try session.check(code)
    }

    /// Fetches a commit that no reference of the remote points to: by its ID if the server allows that, otherwise with all branches.
    func find(_ id: ObjectID, in repository: Repository) throws -> Bool {
        do {
            try download(["+\(id):refs/ninepin/commits/\(id)"])
        } catch  where session.forgives() {
            // Servers refuse single objects in many different ways, and may close the connection.
            git_remote_disconnect(handle)
            try make()
            try connect()
            try download(["+refs/heads/*:refs/ninepin/heads/*"])
        }
        if repository.contains(id) { return true }
        throw FetchError.unknownCommit(
            id: id, remote: session.remote, tried: "the server does not serve it by its ID, and no branch contains it")
    }

    private func callbacks() -> git_remote_callbacks {
        var callbacks = git_remote_callbacks()
        git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION))
        callbacks.payload = Unmanaged.passUnretained(session).toOpaque()
        callbacks.credentials = Credentials.acquire
        callbacks.sideband_progress = { _, _, payload in Remote.session(payload)?.goesOn() == false ? -1 : 0 }
        callbacks.transfer_progress = { figures, payload in
            guard let session = Remote.session(payload), let figures = figures?.pointee else { return 0 }
            session.figures = FetchProgress(figures)
            return session.goesOn() ? 0 : -1
        }
        callbacks.certificate_check = { _, isValid, host, payload in
            if isValid == 0 { Remote.session(payload)?.doubtedHost = host.map { String(cString: $0) } ?? "the server" }
            // Keep libgit2's verdict and its reason.
            return GIT_PASSTHROUGH.rawValue
        }
        if program != nil {
            callbacks.transport = { out, remote, payload in
                guard let program = Remote.session(payload)?.program else { return -1 }
                return ProgramTransport.make(out, remote, Unmanaged.passUnretained(program).toOpaque())
            }
        }
        session.program = program
        return callbacks
    }

    private static func session(_ payload: UnsafeMutableRawPointer?) -> FetchSession? {
        payload.map { Unmanaged<FetchSession>.fromOpaque($0).takeUnretainedValue() }
    }
}

extension FetchProgress {
    fileprivate init(_ figures: git_indexer_progress) {
        objects = Int(figures.received_objects)
        totalObjects = Int(figures.total_objects)
        bytes = Int64(figures.received_bytes)
        deltas = Int(figures.indexed_deltas)
        totalDeltas = Int(figures.total_deltas)
    }
}
