import FileSystem
import Glibc
import SystemPackage

/// Starts programs that outlive this process.
package enum Detached {
    /// Starts a program in its own session (setsid(2)), so that closing the terminal does not affect it. It has no input.
    ///
    /// - Parameter log: receives its standard output and standard error.
    /// - Returns: the process ID.
    /// - Throws: `FileError` if it cannot be started.
    package static func start(_ program: FilePath, _ arguments: [String], environment: [String: String], log: FilePath) throws(FileError)
        -> Int32
    {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log.string, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // A process that waits for the end of a pipe inherited by this process must not have to wait for the new one too.
        for descriptor in Files.names(in: "/proc/self/fd").compactMap({ Int32($0) }) where descriptor > 2 {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
        // The new process does not inherit the signals that this process ignores or blocks.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // POSIX_SPAWN_SETSID is a GNU extension: 0x80 (spawn.h).
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | 0x80)
        let words = ([program.string] + arguments).map { strdup($0) } + [nil]
        let settings = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + settings { free(word) } }
        var process = pid_t()
        let failure = posix_spawn(&process, program.string, &actions, &attributes, words, settings)
        guard failure == 0 else { throw Files.error("start", program, failure) }
        return process
    }

    /// Replaces this program with another one that keeps the same streams (execv(3)). Returns only on failure.
    ///
    /// - Throws: `FileError`.
    package static func exec(_ program: FilePath, _ arguments: [String]) throws(FileError) -> Never {
        let words = ([program.string] + arguments).map { strdup($0) } + [nil]
        restoreSignals()
        execv(program.string, words)
        throw Files.error("start", program, errno)
    }

    /// Resets signals to the state in which a shell starts a program. execve(2) preserves ignored and blocked signals, and a libdispatch
    /// thread blocks those that a `DispatchSource` monitors. SIGHUP stays ignored if nohup(1) set it so; ``Interrupts`` does not change it
    /// in that case.
    static func restoreSignals() {
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        if !Interrupts.isIgnored(SIGHUP) { signal(SIGHUP, SIG_DFL) }
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
    }
}
