import Foundation
import Git
import Glibc
import Testing

@testable import GitRemote

@Suite("Repositories as people have them")
struct SourcesOfUsersTests {
    private func fetch(_ upstream: Upstream, _ reference: String, _ url: String) async throws -> FetchedReference {
        try await upstream.mirror.fetch(reference: reference, from: url, environment: upstream.environment)
    }

    /// The error of a fetch that must fail.
    private func refusal(_ upstream: Upstream, _ reference: String, _ url: String) async -> String {
        do {
            let fetched = try await fetch(upstream, reference, url)
            return "it was fetched: \(fetched)"
        } catch { return "\(error)" }
    }

    /// Expects every file of a tree to be in the mirror.
    private func expectWhole(_ fetched: FetchedReference, _ upstream: Upstream) async throws {
        let store = "\(upstream.path)/store-\(UUID()).git"
        _ = try Repository.openOrCreateBare(at: store)
        try await upstream.mirror.copy(fetched.tree, to: store, environment: upstream.environment, patience: .seconds(60))
        let git = { (arguments: String...) in try upstream.run("git", ["--git-dir=\(store)"] + arguments, in: upstream.path) }
        #expect(try git("ls-tree", "-r", "\(fetched.tree)") == upstream.git("ls-tree", "-r", "\(fetched.commit)"))
        #expect(try git("cat-file", "blob", "\(fetched.tree):x.txt") == upstream.git("cat-file", "blob", "\(fetched.commit):x.txt"))
    }

    @Test("a shallow clone is a source, as a folder, by file:// and by insteadOf: the tree is git's")
    func shallow() async throws {
        let upstream = try Upstream()
        let folder = "\(upstream.path)/shallow"
        try upstream.run("git", ["clone", "-q", "--depth", "1", "file://\(upstream.repository)", folder], in: upstream.path)
        try upstream.configure(["url.\(folder).insteadOf": "https://example.invalid/up.git"])
        for url in [folder, "file://\(folder)", "https://example.invalid/up.git"] {
            try? FileManager.default.removeItem(atPath: upstream.mirror.path)
            let fetched = try await fetch(upstream, "main", url)
            #expect(fetched.commit.description == (try upstream.id("main")))
            #expect(fetched.source == "refs/heads/main")
            #expect(fetched.isNew)
            try await expectWhole(fetched, upstream)
            // Its ID, as a lock records it, can be fetched; commits missing there are refused by name.
            #expect(try await fetch(upstream, fetched.commit.description, url).tree == fetched.tree)
            let older = try upstream.id("main~1")
            #expect(await refusal(upstream, older, url).contains(older))
        }
    }

    @Test("a mirror of a shallow clone takes the rest later: an older commit, once the clone has it, comes with its tree")
    func deepened() async throws {
        let upstream = try Upstream()
        let folder = "\(upstream.path)/shallow"
        try upstream.run("git", ["clone", "-q", "--depth", "1", "file://\(upstream.repository)", folder], in: upstream.path)
        _ = try await fetch(upstream, "main", folder)
        try upstream.run("git", ["-C", folder, "fetch", "-q", "--unshallow", "--tags"], in: upstream.path)
        let fetched = try await fetch(upstream, "v1", folder)
        #expect(fetched.commit.description == (try upstream.id("v1^{commit}")))
        #expect(fetched.source == "refs/tags/v1")
        try await expectWhole(fetched, upstream)
        #expect(try !upstream.mirrored("fsck", "--full").contains("missing"))
    }

    @Test("a shallow clone that a server has comes over git:// and https as well", arguments: ["git", "https"])
    func shallowServed(_ way: String) async throws {
        let upstream = try Upstream()
        try upstream.run(
            "git", ["clone", "-q", "--bare", "--depth", "1", "file://\(upstream.repository)", "\(upstream.path)/served/shallow.git"],
            in: upstream.path)
        let server = try way == "git" ? Server.gitDaemon(upstream) : Server.https(upstream)
        upstream.environment["GIT_SSL_CAINFO"] = "\(upstream.path)/cert.pem"
        let fetched = try await fetch(upstream, "main", "\(way)://localhost:\(server.port)/shallow.git")
        #expect(fetched.commit.description == (try upstream.id("main")))
        try await expectWhole(fetched, upstream)
    }

    @Test("a repository that names its objects by SHA-256 is refused with that word, and with what to do")
    func otherDigest() async throws {
        let upstream = try Upstream()
        let folder = "\(upstream.path)/sha"
        try upstream.run("git", ["init", "-q", "--object-format=sha256", folder], in: upstream.path)
        try Data("1".utf8).write(to: URL(filePath: "\(folder)/f"))
        try upstream.run("git", ["-C", folder, "add", "f"], in: upstream.path)
        try upstream.run("git", ["-C", folder, "commit", "-q", "-m", "1"], in: upstream.path)
        for url in [folder, "file://\(folder)"] {
            let said = await refusal(upstream, "main", url)
            #expect(said.contains("is a SHA-256 repository") && said.contains("git archive"), "\(said)")
        }
    }

    @Test("a server that only hands out files is named as dumb, with what to do; one without a repository is not")
    func dumb() async throws {
        let upstream = try Upstream()
        try upstream.run("git", ["--git-dir=\(upstream.repository)", "update-server-info"], in: upstream.path)
        let server = try Server.files(upstream)
        let said = await refusal(upstream, "main", "http://127.0.0.1:\(server.port)/up.git")
        #expect(said.contains("supports only git's dumb protocol") && said.contains("git clone --mirror"), "\(said)")
        try FileManager.default.createDirectory(atPath: "\(upstream.path)/served/page/info", withIntermediateDirectories: true)
        try Data("<html>Hello</html>\n".utf8).write(to: URL(filePath: "\(upstream.path)/served/page/info/refs"))
        let page = await refusal(upstream, "main", "http://127.0.0.1:\(server.port)/page")
        #expect(!page.contains("dumb") && page.contains("cannot fetch from"), "\(page)")
    }

    @Test("a partial clone gives a commit whose files it has; one whose files it lacks is refused, and nothing is fetched on its behalf")
    func partial() async throws {
        let upstream = try Upstream()
        try upstream.run("git", ["--git-dir=\(upstream.repository)", "config", "uploadpack.allowFilter", "true"], in: upstream.path)
        let folder = "\(upstream.path)/partial"
        try upstream.run(
            "git", ["clone", "-q", "--filter=blob:none", "file://\(upstream.repository)", folder], in: upstream.path)
        let fetched = try await fetch(upstream, "main", folder)
        #expect(fetched.commit.description == (try upstream.id("main")))
        try await expectWhole(fetched, upstream)
        let said = await refusal(upstream, "origin/side", folder)
        #expect(said.contains("lacks objects") && said.contains("partial clone"), "\(said)")
        #expect(try !Repository.open(at: upstream.mirror.path).contains(#require(ObjectID(upstream.id("side")))))
    }

    @Test("a tag and a branch of one name: the tag, as git fetch takes it, and the other is told; none where both are at one commit")
    func ambiguous() async throws {
        let upstream = try Upstream()
        try upstream.git("branch", "same", "side")
        try upstream.git("tag", "same", "main")
        try upstream.git("branch", "v1", "v1^{commit}")
        try upstream.run("git", ["push", "-q", "--all", "origin"], in: "\(upstream.path)/tree")
        try upstream.run("git", ["push", "-q", "--tags", "origin"], in: "\(upstream.path)/tree")
        let fetched = try await fetch(upstream, "same", upstream.repository)
        #expect(fetched.source == "refs/tags/same")
        #expect(fetched.passedOver == "refs/heads/same")
        for (name, wanted) in [("refs/heads/same", "side"), ("heads/same", "side"), ("tags/same", "main")] {
            let other = try await fetch(upstream, name, upstream.repository)
            #expect(other.commit.description == (try upstream.id(wanted)), "\(name)")
            #expect(other.passedOver == nil)
        }
        #expect(try await fetch(upstream, "v1", upstream.repository).passedOver == nil)
    }

    @Test("a branch whose name is a commit's id does not stand for that commit")
    func disguised() async throws {
        let upstream = try Upstream()
        let (main, side) = (try upstream.id("main"), try upstream.id("side"))
        try upstream.run("git", ["--git-dir=\(upstream.repository)", "update-ref", "refs/heads/\(main)", side], in: upstream.path)
        #expect(try await fetch(upstream, main, upstream.repository).commit.description == main)
        let absent = String(repeating: "1", count: 40)
        try upstream.run("git", ["--git-dir=\(upstream.repository)", "update-ref", "refs/heads/\(absent)", side], in: upstream.path)
        #expect(await refusal(upstream, absent, upstream.repository).contains("no commit \(absent)"))
    }

    @Test("odd names that git allows are found: with +, quotes, an umlaut, a dash at the front, and %")
    func oddNames() async throws {
        let upstream = try Upstream()
        let names = ["v1.21.2+k3s1", "it's", "ü/ö", "-dash", "100%", "a%2Bb", "a;b$(c)"]
        let side = try upstream.id("side")
        for name in names {
            try upstream.run("git", ["--git-dir=\(upstream.repository)", "update-ref", "refs/tags/\(name)", side], in: upstream.path)
        }
        for name in names {
            let fetched = try await fetch(upstream, name, upstream.repository)
            #expect(fetched.source == "refs/tags/\(name)")
            #expect(fetched.commit.description == side)
        }
    }

    @Test("a + that an address has as %2B is found; the name as it is written comes first")
    func percent() async throws {
        let upstream = try Upstream()
        try upstream.git("tag", "v1.21.2+k3s1", "main")
        try upstream.publish()
        #expect(try await fetch(upstream, "v1.21.2%2Bk3s1", upstream.repository).source == "refs/tags/v1.21.2+k3s1")
        try upstream.git("tag", "v1.21.2%2Bk3s1", "side")
        try upstream.publish()
        #expect(try await fetch(upstream, "v1.21.2%2Bk3s1", upstream.repository).commit.description == upstream.id("side"))
    }

    @Test("a folder whose path has +, % and a space is found by its path, and by file:// with it escaped")
    func oddPath() async throws {
        let upstream = try Upstream()
        let folder = "\(upstream.path)/a+b 100%25"
        try FileManager.default.moveItem(atPath: upstream.repository, toPath: folder)
        for url in [folder, "file://\(upstream.path)/a+b%20100%2525"] {
            #expect(try await fetch(upstream, "v1", url).tree.description == upstream.id("v1^{tree}"))
        }
    }

    @Test("a tag of a tag is its commit; a tag of a file or of a tree is refused as no commit")
    func tags() async throws {
        let upstream = try Upstream()
        try upstream.git("tag", "-a", "outer", "-m", "of a tag", "v1")
        try upstream.git("tag", "-a", "file", "-m", "of a file", "main:x.txt")
        try upstream.git("tag", "-a", "folder", "-m", "of a tree", "main:dir")
        try upstream.publish()
        let fetched = try await fetch(upstream, "outer", upstream.repository)
        #expect(fetched.commit.description == (try upstream.id("v1^{commit}")))
        for name in ["file", "folder"] { #expect(await refusal(upstream, name, upstream.repository).contains("is neither a commit")) }
    }

    @Test("a detached HEAD is its commit; an unborn one, and an empty repository, are said to have nothing")
    func heads() async throws {
        let upstream = try Upstream()
        try upstream.git("checkout", "-q", "--detach", "v1")
        let detached = try await fetch(upstream, "HEAD", "\(upstream.path)/tree")
        #expect(detached.commit.description == (try upstream.id("v1^{commit}")))
        let empty = "\(upstream.path)/empty.git"
        try upstream.run("git", ["init", "-q", "--bare", empty], in: upstream.path)
        for name in ["HEAD", "main"] {
            let said = await refusal(upstream, name, empty)
            #expect(said.contains("'\(name)'") && said.contains("it has none"), "\(said)")
        }
        try upstream.git("symbolic-ref", "HEAD", "refs/heads/unborn")
        let unborn = await refusal(upstream, "HEAD", "\(upstream.path)/tree")
        #expect(unborn.contains("no tag, branch or reference 'HEAD'"), "\(unborn)")
    }

    @Test("a worktree's folder, its .git file, a clone that borrows its objects and a folder with .git are each the repository")
    func shapes() async throws {
        let upstream = try Upstream()
        try upstream.git("worktree", "add", "-q", "\(upstream.path)/worktree", "v1")
        try upstream.run("git", ["clone", "-q", "--shared", upstream.repository, "borrowing"], in: upstream.path)
        for place in ["worktree", "worktree/.git", "borrowing", "tree", "tree/.git"] {
            try? FileManager.default.removeItem(atPath: upstream.mirror.path)
            let fetched = try await fetch(upstream, "v1", "\(upstream.path)/\(place)")
            #expect(fetched.tree.description == (try upstream.id("v1^{tree}")), "\(place)")
        }
    }

    @Test("neither a replacement nor a graft in the source changes which tree a commit has")
    func replaced() async throws {
        let upstream = try Upstream()
        let (main, tree) = (try upstream.id("main"), try upstream.id("main^{tree}"))
        try upstream.git("replace", main, "side")
        try FileManager.default.createDirectory(atPath: "\(upstream.path)/tree/.git/info", withIntermediateDirectories: true)
        try Data("\(main)\n".utf8).write(to: URL(filePath: "\(upstream.path)/tree/.git/info/grafts"))
        let fetched = try await fetch(upstream, "main", "\(upstream.path)/tree")
        #expect(fetched.commit.description == main)
        #expect(fetched.tree.description == tree)
    }

    @Test("a list of references without end is given up, of a program's and of a network's")
    func endless() async throws {
        let upstream = try Upstream()
        let main = try upstream.id("main")
        let packed = "# pack-refs with: peeled fully-peeled sorted\n" + (10000..<13000).map { "\(main) refs/tags/t\($0)\n" }.joined()
        try Data(packed.utf8).write(to: URL(filePath: "\(upstream.repository)/packed-refs"))
        let server = try Server.gitDaemon(upstream)
        for url in [upstream.repository, "git://127.0.0.1:\(server.port)/up.git"] {
            let mirror = Mirror(at: "\(upstream.path)/\(UUID()).git", patience: .seconds(20), longestList: 100_000)
            let error = await #expect(throws: FetchError.self) {
                try await mirror.fetch(reference: "t10001", from: url, environment: upstream.environment)
            }
            #expect(error?.description.contains("longer than 100000 bytes") == true, "\(String(describing: error))")
        }
        // The same list is accepted with a higher limit.
        #expect(try await fetch(upstream, "t10001", upstream.repository).commit.description == main)
    }
}
