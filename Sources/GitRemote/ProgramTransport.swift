import CLibgit2
import Glibc
import Sanitizing

/// Runs git's protocol over a program: ssh(1), with the user's keys, agent, known hosts and configuration; or `git upload-pack` for a
/// folder on this machine, which is many times faster than libgit2's local transport.
final class ProgramTransport {
    private let session: FetchSession
    private let arguments: [String]
    private let environment: [String: String]
    private var child: Child?
    /// The stream that libgit2 reads and writes; the same one for the list and the pack, until libgit2 frees it.
    private var pipe: UnsafeMutablePointer<ninepin_git_pipe>?

    /// Prepares the program for an address; nil for a protocol that libgit2 implements itself.
    ///
    /// - Parameter sshCommand: git's setting `core.sshCommand`.
    init?(_ address: Address, sshCommand: String?, _ session: FetchSession) {
        self.session = session
        switch address.way {
        case .network: return nil
        case .folder(let path): arguments = ["git", "upload-pack", "--", path]
        case .ssh(let host, let port, let path):
            let rest = (port.map { ["-p", $0] } ?? []) + ["--", host, "git-upload-pack \(ShellWord.quoted(path))"]
            arguments = Self.ssh(session.environment, sshCommand) + rest
        }
        environment = Self.cleaned(session.environment)
    }

    /// The environment without variables that a git hook or shell may have set, because they refer to another repository.
    static func cleaned(_ environment: [String: String]) -> [String: String] {
        environment.filter { name, _ in !name.hasPrefix("GIT_") || passed.contains(name) }
    }

    static let passed: Set = [
        "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH", "GIT_TERMINAL_PROMPT", "GIT_ASKPASS",
    ]

    /// The ssh program that git would choose (git(1), "ENVIRONMENT VARIABLES"). By definition, `GIT_SSH_COMMAND` and `core.sshCommand` are
    /// interpreted by a shell.
    private static func ssh(_ environment: [String: String], _ sshCommand: String?) -> [String] {
        if let command = environment["GIT_SSH_COMMAND"] ?? sshCommand { return ["/bin/sh", "-c", "\(command) \"$@\"", "ssh"] }
        if let program = environment["GIT_SSH"] { return [program] }
        // Nobody may be there to type a passphrase.
        return ["ssh", "-o", "BatchMode=yes"]
    }

    /// The callback for `git_remote_callbacks.transport`; its parameter is this object, which outlives the transport.
    static let make: git_transport_cb = { out, remote, owner in
        var definition = git_smart_subtransport_definition()
        definition.param = owner
        definition.callback = { out, _, owner in
            let subtransport = UnsafeMutablePointer<ninepin_git_subtransport>.allocate(capacity: 1)
            subtransport.initialize(to: ninepin_git_subtransport())
            subtransport.pointee.owner = owner
            subtransport.pointee.parent.action = { out, subtransport, _, service in
                ProgramTransport.of(subtransport)?.act(service, out, subtransport) ?? -1
            }
            subtransport.pointee.parent.close = { subtransport in
                ProgramTransport.of(subtransport)?.child = nil
                return 0
            }
            subtransport.pointee.parent.free = { UnsafeMutableRawPointer($0)?.deallocate() }
            out?.pointee = UnsafeMutableRawPointer(subtransport).assumingMemoryBound(to: git_smart_subtransport.self)
            return 0
        }
        return git_transport_smart(out, remote, &definition)
    }

    private static func of(_ subtransport: UnsafeMutablePointer<git_smart_subtransport>?) -> ProgramTransport? {
        let own = UnsafeMutableRawPointer(subtransport)?.assumingMemoryBound(to: ninepin_git_subtransport.self)
        return own?.pointee.owner.map { Unmanaged<ProgramTransport>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func of(_ pipe: UnsafeMutablePointer<git_smart_subtransport_stream>?) -> ProgramTransport? {
        let own = UnsafeMutableRawPointer(pipe)?.assumingMemoryBound(to: ninepin_git_pipe.self)
        return own?.pointee.owner.map { Unmanaged<ProgramTransport>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The request for the reference list starts the program; the same program then sends the pack.
    private func act(
        _ service: git_smart_service_t, _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_smart_subtransport_stream>?>?,
        _ subtransport: UnsafeMutablePointer<git_smart_subtransport>?
    ) -> Int32 {
        guard service == GIT_SERVICE_UPLOADPACK_LS || service == GIT_SERVICE_UPLOADPACK else { return -1 }
        if child == nil {
            do { child = try Child(arguments, environment: environment, session) } catch {
                session.fail(error)
                return -1
            }
        }
        let pipe = pipe ?? newPipe(of: subtransport)
        self.pipe = pipe
        out?.pointee = UnsafeMutableRawPointer(pipe).assumingMemoryBound(to: git_smart_subtransport_stream.self)
        return 0
    }

    private func newPipe(of subtransport: UnsafeMutablePointer<git_smart_subtransport>?) -> UnsafeMutablePointer<ninepin_git_pipe> {
        let pipe = UnsafeMutablePointer<ninepin_git_pipe>.allocate(capacity: 1)
        pipe.initialize(to: ninepin_git_pipe())
        pipe.pointee.owner = Unmanaged.passUnretained(self).toOpaque()
        pipe.pointee.parent.subtransport = subtransport
        pipe.pointee.parent.read = { pipe, buffer, size, count in
            guard let read = ProgramTransport.of(pipe)?.read(buffer, size) else { return -1 }
            count?.pointee = read
            return 0
        }
        pipe.pointee.parent.write = { pipe, bytes, count in
            ProgramTransport.of(pipe)?.write(UnsafeRawBufferPointer(start: bytes, count: count)) ?? -1
        }
        pipe.pointee.parent.free = { pipe in
            ProgramTransport.of(pipe)?.pipe = nil
            UnsafeMutableRawPointer(pipe)?.deallocate()
        }
        return pipe
    }

    private func read(_ buffer: UnsafeMutableRawPointer?, _ size: Int) -> Int? {
        guard let child, let count = child.read(into: buffer, size) else { return nil }
        if count == 0 { session.fail(ended(child)) }
        return count == 0 || !session.hears(count) ? nil : count
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        guard let child else { return -1 }
        if child.write(bytes) { return 0 }
        session.fail(ended(child))
        return -1
    }

    /// A program that ends before libgit2 disconnects has printed the reason.
    private func ended(_ child: Child) -> FetchError {
        let words = session.secrets.removed(from: child.message()).trimmedEnd
        return .unreachable(remote: session.remote, reason: words.isEmpty ? "\(arguments[0]) exited without output" : words)
    }
}
