import Glibc
import SystemPackage

/// A program that outlives the one that starts it.
package enum Detached {
    /// Starts a program in a session of its own (setsid(2)), so that no terminal's end reaches it; it reads nothing.
    ///
    /// - Parameter log: gets what it writes on both streams.
    /// - Returns: its process id.
    /// - Throws: `FileError` when it cannot be started.
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
        // Whoever waits for the end of a pipe that this process inherited must not wait for the other one too.
        for descriptor in Files.names(in: "/proc/self/fd").compactMap({ Int32($0) }) where descriptor > 2 {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
        // Signals that this process ignores or blocks are no business of the new one's.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // POSIX_SPAWN_SETSID is GNU's: 0x80 (spawn.h).
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | 0x80)
        let words = ([program.string] + arguments).map { strdup($0) } + [nil]
        let settings = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + settings { free(word) } }
        var process = pid_t()
        let failure = posix_spawn(&process, program.string, &actions, &attributes, words, settings)
        guard failure == 0 else { throw Files.error("start", program, failure) }
        return process
    }

    /// Puts another program in this one's place, with the same streams (execv(3)). Returns only when that fails.
    ///
    /// - Throws: `FileError`.
    package static func exec(_ program: FilePath, _ arguments: [String]) throws(FileError) -> Never {
        let words = ([program.string] + arguments).map { strdup($0) } + [nil]
        restoreSignals()
        execv(program.string, words)
        throw Files.error("start", program, errno)
    }

    /// Makes signals what they are for a program that a shell starts. execve(2) hands on what is ignored and what this thread blocks, and a thread
    /// of libdispatch blocks what a `DispatchSource` looks at. SIGHUP stays ignored where it is: that is nohup(1)'s doing, since
    /// ``Interrupts`` then leaves it alone.
    static func restoreSignals() {
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        if !Interrupts.isIgnored(SIGHUP) { signal(SIGHUP, SIG_DFL) }
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
    }
}
