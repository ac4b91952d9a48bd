import FileSystem
import FoundationEssentials
import Glibc
import Host
import Model
import SystemPackage
import Testing

@testable import Supervisor

@Suite("Who keeps a node", .timeLimit(.minutes(3)))
struct LockTests {
    private let place: SupervisorFixture

    init() throws { place = try SupervisorFixture() }

    @Test("whoever has the lock is the keeper, as long as it lives, and nobody else can become it")
    func claims() async throws {
        let folder = try place.node()
        #expect(try folder.keeper == nil)
        let lock = try await folder.claim()
        #expect(try folder.keeper == getpid())
        let error = await #expect(throws: SupervisorError.self) { try await folder.claim() }
        guard case .exists("a")? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        lock.release()
        #expect(try folder.keeper == nil)
        try await folder.claim().release()
    }

    @Test("another process that has the lock is the keeper, and is none any more when it was killed")
    func otherProcess() async throws {
        let folder = try place.node()
        let process = try place.keeper(of: folder)
        #expect(try folder.keeper == process)
        await #expect(throws: SupervisorError.self) { try await folder.claim() }
        place.kill(process)
        #expect(try folder.keeper == nil)
        try await folder.claim().release()
    }

    @Test("a look is taken for a keeper neither by another look nor by whoever wants to become the keeper")
    func looks() async throws {
        let folder = try place.node()
        try await folder.claim().release()
        // A check that takes long.
        let look = open(folder.path.appending(".alive").string, O_RDONLY | O_CLOEXEC)
        try #require(look >= 0 && flock(look, LOCK_SH | LOCK_NB) == 0)
        #expect(try folder.keeper == nil)
        #expect(try KeptNode(folder)?.state == "lost")
        let claim = Task { try await folder.claim() }
        try await Task.sleep(for: .milliseconds(50))
        flock(look, LOCK_UN)
        close(look)
        let lock = try await claim.value
        #expect(try folder.keeper == getpid())
        lock.release()
    }

    @Test("who waits for a look to end can be cancelled")
    func cancelledClaim() async throws {
        let folder = try place.node()
        try await folder.claim().release()
        let look = open(folder.path.appending(".alive").string, O_RDONLY | O_CLOEXEC)
        try #require(look >= 0 && flock(look, LOCK_SH | LOCK_NB) == 0)
        defer {
            flock(look, LOCK_UN)
            close(look)
        }
        let claim = Task { try await folder.claim() }
        claim.cancel()
        await #expect(throws: CancellationError.self) { try await claim.value }
    }

    @Test("of many that want to be the keeper at the same time one is")
    func manyClaims() async throws {
        for round in 0..<20 {
            let folder = try place.node("n\(round)")
            let locks = await withTaskGroup(of: FileLock?.self) { group in
                for _ in 0..<8 { group.addTask { try? await folder.claim() } }
                return await group.reduce(into: [FileLock?]()) { $0.append($1) }
            }
            #expect(locks.compactMap(\.self).count == 1)
        }
    }

    @Test("a lock that cannot be looked at is an error, and not somebody's")
    func unreadableLock() async throws {
        let folder = try place.node()
        try Files.write("\(getpid())\n", to: folder.path.appending("keeper.pid"))
        // ELOOP, even for root, which permissions do not restrict.
        try #require(symlink(".alive", folder.path.appending(".alive").string) == 0)
        #expect(throws: FileError.self) { try folder.keeper }
        #expect(throws: FileError.self) { try KeptNode(folder) }
        await #expect(throws: FileError.self) { try await folder.claim() }
        await #expect(throws: FileError.self) { try await folder.down(patience: .seconds(30)) }
        #expect(folder.exists, "a node that may be alive is not removed")
    }

    @Test("a keeper that has not yet written its number down is waited for, whatever number a former one left")
    func lateNumber() throws {
        let folder = try place.node()
        let dead = try Detached.start("/bin/true", [], environment: [:], log: place.path.appending("log"))
        #expect(waitpid(dead, nil, 0) == dead)
        for left in ["\(dead)\n", "", "0\n", "-1\n", "1 2\n"] {
            try Files.write(left, to: folder.path.appending("keeper.pid"))
            let process = try place.hold(
                folder, "touch '\(folder.path)/held'; sleep 0.1; echo $$ > '\(folder.path)/keeper.pid'; exec sleep 600")
            try soon { Files.exists(folder.path.appending("held")) }
            #expect(try folder.keeper == process, "\(left)")
            place.kill(process)
            try Files.remove(folder.path.appending("held"))
        }
    }

    @Test("a keeper whose number nobody can tell is an error, and not nobody")
    func noNumber() throws {
        let folder = try place.node()
        try Files.write("0\n", to: folder.path.appending("keeper.pid"))
        _ = try place.hold(folder, "touch '\(folder.path)/held'; exec sleep 600")
        try soon { Files.exists(folder.path.appending("held")) }
        let error = #expect(throws: SupervisorError.self) { try folder.keeper }
        #expect(error?.description.contains("keeper.pid") == true)
    }
}
