import Foundation
import Model
import Testing

@Suite("One tree from every source", .timeLimit(.minutes(3)))
struct SourceTests {
    private func fetch(_ arguments: String..., with tool: Tool) throws -> (tree: String?, lock: [String: Any], outcome: Tool.Outcome) {
        let outcome = try tool.run(["fetch"] + arguments + ["--json"])
        let document = try outcome.json()
        return (document["tree"] as? String, document["lock"] as? [String: Any] ?? [:], outcome)
    }

    @Test("git, an archive, a checkout and a plain folder of the same content have the tree that git itself gives it")
    func sameTree() throws {
        let origin = try Origin()
        let daemon = try LocalServer.gitDaemon(origin)
        defer { daemon.end() }
        let expected = try origin.tree("HEAD")
        let listing = try origin.git("ls-tree", "-r", expected)
        #expect(listing.contains("100755 blob") && listing.contains("120000 blob"))
        #expect(try origin.git("cat-file", "-p", "HEAD:crlf.txt").contains("\r\n"))
        try origin.gitRecipe("git", url: "git://127.0.0.1:\(daemon.port)/up.git")
        let fromGit = try fetch("git", with: origin.tool)
        #expect(fromGit.tree == expected)
        #expect(fromGit.lock["kind"] as? String == "git")
        #expect(fromGit.lock["resolvedFrom"] as? String == "refs/tags/v1.1.0")
        try expectDocument(fromGit.outcome.output, is: "fetch")
        for file in ["a.tar.gz", "a.tar", "a.zip"] {
            try origin.archive("HEAD", as: file)
            try origin.archiveRecipe("archive", at: ["file://\(origin.path)/\(file)"], file: file)
            let found = try fetch("archive", with: origin.tool)
            #expect(found.tree == expected, "\(file)")
            #expect(found.lock["kind"] as? String == "archive")
            try expectDocument(found.outcome.output, is: "fetch")
        }
        // Files ignored by git are not part of a checkout's content.
        try origin.write("tree/left.o", "left by a compiler")
        let checkout = try fetch("git", "--source", "\(origin.path)/tree", with: origin.tool)
        #expect(checkout.tree == expected)
        #expect(checkout.lock["isDirty"] as? Bool == false)
        #expect(try checkout.lock["resolvedFrom"] as? String == origin.git("rev-parse", "HEAD"))
        try FileManager.default.createDirectory(atPath: "\(origin.path)/plain", withIntermediateDirectories: true)
        try origin.run("tar", "-xf", "a.tar", "-C", "plain", "--strip-components=1")
        #expect(try fetch("git", "--source", "\(origin.path)/plain", with: origin.tool).tree == expected)
    }

    @Test("a repository whose tree has a name that leads out is bad data, by name, and nothing is written where the name leads")
    func hostile() throws {
        let origin = try Origin()
        let tree = """
            import subprocess
            def put(kind, content):
                command = ["git", "--git-dir=served/up.git", "hash-object", "-t", kind, "--literally", "-w", "--stdin"]
                return subprocess.run(command, input=content, stdout=subprocess.PIPE, check=True).stdout.decode().strip()
            blob = bytes.fromhex(put("blob", b"evil"))
            print(put("tree", b"".join(b"100644 %s\\0%s" % (name, blob) for name in [b"../../../../../evil", b"a"])))
            """
        try origin.write("tree.py", tree)
        let id = try origin.run("python3", "tree.py")
        let commit = try origin.run("git", "--git-dir=served/up.git", "commit-tree", "-m", "evil", id)
        try origin.run("git", "--git-dir=served/up.git", "update-ref", "refs/heads/v1.1.0", commit)
        try origin.run("git", "--git-dir=served/up.git", "update-ref", "-d", "refs/tags/v1.1.0")
        let daemon = try LocalServer.gitDaemon(origin)
        defer { daemon.end() }
        try origin.gitRecipe(url: "git://127.0.0.1:\(daemon.port)/up.git")
        for _ in 1...2 {
            let outcome = try origin.tool.run(["fetch", "thing"])
            #expect(outcome.status == 65, "\(outcome.errors)")
            #expect(outcome.errors.contains("\"../../../../../evil\" has a name that is a path"), "\(outcome.errors)")
        }
        #expect(try origin.files(below: ".", holding: "evil").allSatisfy { $0 == "tree.py" })
    }

    @Test("git's url.*.insteadOf leads a recipe to another place, and the lock keeps the recipe's address")
    func insteadOf() throws {
        let origin = try Origin()
        let daemon = try LocalServer.gitDaemon(origin)
        defer { daemon.end() }
        try origin.configure("url.git://127.0.0.1:\(daemon.port)/.insteadOf", "https://git.example.org/")
        try origin.gitRecipe(url: "https://git.example.org/up.git")
        let found = try fetch("thing", with: origin.tool)
        #expect(try found.tree == origin.tree("v1.1.0"))
        #expect(found.lock["name"] as? String == "https://git.example.org/up.git")
    }

    @Test("a folder that differs from its commit is built, and said to be dirty, in the lock and to people")
    func dirty() throws {
        let origin = try Origin()
        try origin.gitRecipe(url: "https://git.example.org/up.git")
        try origin.write("tree/crlf.txt", "one\r\nthree\r\n")
        let found = try fetch("thing", "--source", "\(origin.path)/tree", with: origin.tool)
        #expect(found.lock["isDirty"] as? Bool == true)
        try expectDocument(found.outcome.output, is: "fetch")
        #expect(found.outcome.errors.contains("is dirty"))
        try origin.git("add", "-A")
        #expect(try found.tree == origin.git("write-tree"))
        #expect(try found.tree != origin.tree("HEAD"))
        let missing = try origin.tool.run(["fetch", "thing", "--source", "\(origin.path)/nowhere"])
        #expect(missing.status == 69)
        #expect(missing.errors.contains("\(origin.path)/nowhere"))
    }

    @Test("NAME@VERSION picks another tag; one that is not there is an error with the nearest that are")
    func versions() throws {
        let origin = try Origin()
        let daemon = try LocalServer.gitDaemon(origin)
        defer { daemon.end() }
        try origin.gitRecipe(url: "git://127.0.0.1:\(daemon.port)/up.git")
        #expect(try fetch("thing@1.0.0", with: origin.tool).tree == origin.tree("v1.0.0"))
        let unknown = try origin.tool.run(["fetch", "thing@1.1.9", "--json"])
        #expect(unknown.status == 69)
        #expect(try unknown.json()["exit"] as? Int == 69)
        #expect(unknown.errors.contains("'v1.1.9'"))
        let near = try #require(unknown.errors.firstRange(of: "v1.1.0"), "\(unknown.errors)")
        // The nearest name comes first.
        #expect(unknown.errors.firstRange(of: "v1.0.0").map { near.lowerBound < $0.lowerBound } ?? true, "\(unknown.errors)")
    }

    @Test("what was fetched is there the next time without a network, and asking again brings nothing that is there")
    func again() throws {
        let origin = try Origin()
        let daemon = try LocalServer.gitDaemon(origin)
        defer { daemon.end() }
        try origin.gitRecipe(url: "git://127.0.0.1:\(daemon.port)/up.git")
        let first = try fetch("thing", with: origin.tool)
        let mirrors = "\(origin.path)/workspace/mirrors"
        let packs = { try FileManager.default.subpathsOfDirectory(atPath: mirrors).filter { $0.hasSuffix(".pack") } }
        let before = try packs()
        #expect(before.count == 1)
        #expect(try fetch("thing", "--update", with: origin.tool).tree == first.tree)
        #expect(try packs() == before)
        daemon.end()
        let second = try fetch("thing", with: origin.tool)
        #expect(second.tree == first.tree && first.tree != nil)
        let steps = try #require(try second.outcome.json()["steps"] as? [[String: Any]])
        #expect(steps.count == 2 && steps.allSatisfy { $0["cached"] as? Bool == true })
        // The network is missing, but not needed.
        #expect(try origin.tool.run(["fetch", "thing", "--update"]).status == 69)
        try FileManager.default.removeItem(atPath: "\(origin.path)/workspace/store/fetch")
        #expect(try fetch("thing", with: origin.tool).tree == first.tree)
    }

    @Test("an archive that would write outside its folder is refused with the name, and leaves nothing")
    func hostileArchive() throws {
        let origin = try Origin()
        let program = """
            import io, tarfile
            tar = tarfile.open('evil.tar.gz', 'w:gz')
            for name in ('thing-1/good', 'thing-1/../../../../../../evil'):
                one = tarfile.TarInfo(name)
                one.size = 1
                tar.addfile(one, io.BytesIO(b'x'))
            tar.close()
            """
        try origin.run("python3", "-c", program)
        try origin.archiveRecipe(at: ["file://\(origin.path)/evil.tar.gz"], file: "evil.tar.gz")
        let found = try origin.tool.run(["fetch", "thing", "--json"])
        #expect(found.status == 65)
        #expect(found.errors.contains("\"thing-1/../../../../../../evil\" has '..' in its name"), "\(found.errors)")
        #expect(try FileManager.default.subpathsOfDirectory(atPath: origin.path).allSatisfy { !$0.hasSuffix("/evil") && $0 != "evil" })
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(origin.path)/workspace/tmp")
        #expect(left.filter { $0 != ".gate" }.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: "\(origin.path)/workspace/store/fetch"))
    }

    @Test("an archive with one wrong byte, which gzip itself would not notice, is an error with both digests, and leaves no tree")
    func otherDigest() throws {
        let origin = try Origin()
        try origin.archive("HEAD", as: "a.tar")
        let program = """
            import gzip
            # Stored as it is: any byte decompresses.
            data = bytearray(gzip.compress(open('a.tar', 'rb').read(), 0))
            open('a.tar.gz', 'wb').write(data)
            data[data.index(b'one\\r\\ntwo')] = ord('X')
            open('b.tar.gz', 'wb').write(data)
            """
        try origin.run("python3", "-c", program)
        try origin.archiveRecipe("good", at: ["file://\(origin.path)/a.tar.gz"], file: "a.tar.gz")
        try origin.archiveRecipe("spoilt", at: ["file://\(origin.path)/b.tar.gz"], file: "a.tar.gz")
        let spoilt = try origin.tool.run(["fetch", "spoilt"])
        #expect(spoilt.status == 69)
        for file in ["a.tar.gz", "b.tar.gz"] { #expect(try spoilt.errors.contains(origin.run("sha256sum", file).prefix(64))) }
        #expect(!FileManager.default.fileExists(atPath: "\(origin.path)/workspace/store/fetch"))
        #expect(try fetch("good", with: origin.tool).tree == origin.tree("HEAD"))
    }

    @Test("a password in a repository's address is shown nowhere and kept nowhere, be it right or wrong")
    func password() throws {
        let origin = try Origin()
        let server = try LocalServer.https(origin, password: "s3same-0pen")
        defer { server.end() }
        var tool = origin.tool
        tool.environment["GIT_SSL_CAINFO"] = "\(origin.path)/cert.pem"
        try origin.gitRecipe("right", url: "https://someone:s3same-0pen@localhost:\(server.port)/up.git")
        try origin.gitRecipe("wrong", url: "https://someone:s3same-0pen-not@localhost:\(server.port)/up.git")
        let right = try fetch("right", with: tool)
        #expect(try right.tree == origin.tree("v1.1.0"), "\(right.outcome.errors)")
        #expect(right.lock["name"] as? String == "https://localhost:\(server.port)/up.git")
        let wrong = try tool.run(["fetch", "wrong", "--json"])
        #expect(wrong.status == 69)
        let unknown = try tool.run(["fetch", "right@9.9.9", "--json"])
        #expect(unknown.status == 69)
        server.end()
        let gone = try tool.run(["fetch", "right", "--update", "--json"])
        #expect(gone.status == 69)
        for outcome in [right.outcome, wrong, unknown, gone] {
            #expect(!outcome.output.contains("s3same") && !outcome.errors.contains("s3same"), "\(outcome)")
        }
        #expect(try origin.files(below: "workspace", holding: "s3same") == [])
    }

    @Test("nor is one in an archive's address")
    func archivePassword() throws {
        let origin = try Origin()
        try origin.archive("HEAD", as: "a.tar.gz")
        // The first address has no server; the second has the file.
        let addresses = ["http://someone:s3same-0pen@127.0.0.1:1/a.tar.gz", "file://\(origin.path)/a.tar.gz"]
        try origin.archiveRecipe(at: addresses, file: "a.tar.gz")
        let found = try fetch("thing", with: origin.tool)
        #expect(try found.tree == origin.tree("HEAD"))
        try origin.archiveRecipe("alone", at: [addresses[0]], file: "a.tar.gz")
        var elsewhere = origin.tool
        elsewhere = Tool(workspace: "\(origin.path)/elsewhere", project: elsewhere.project, environment: elsewhere.environment)
        let alone = try elsewhere.run(["fetch", "alone", "--json"])
        #expect(alone.status == 69)
        for outcome in [found.outcome, alone] {
            #expect(!outcome.output.contains("s3same") && !outcome.errors.contains("s3same"), "\(outcome)")
        }
        #expect(try origin.files(below: "workspace", holding: "s3same") + origin.files(below: "elsewhere", holding: "s3same") == [])
    }
}
