import Foundation
import Model
import Synchronization
import Testing

@testable import FileSystem
@testable import Host

@Suite("A program in the place of this one")
struct BecomingTests {
    @Test("what becomes another program blocks no signal, whatever its thread blocked: execve(2) would hand that on")
    func mask() async {
        let (before, after) = await withCheckedContinuation { continuation in
            // A signal mask belongs to a thread.
            Thread {
                var blocked = sigset_t()
                sigemptyset(&blocked)
                for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&blocked, number) }
                pthread_sigmask(SIG_SETMASK, &blocked, nil)
                let before = Self.blocked()
                Detached.restoreSignals()
                continuation.resume(returning: (before, Self.blocked()))
            }.start()
        }
        #expect(before == [SIGHUP, SIGINT, SIGTERM])
        #expect(after.isEmpty)
    }

    private static func blocked() -> [Int32] {
        var mask = sigset_t()
        pthread_sigmask(SIG_SETMASK, nil, &mask)
        return (1..<32).filter { sigismember(&mask, $0) == 1 }
    }
}
