import Foundation
import Git
import Testing
import UnifiedDiff

/// A form in which git or diff(1) writes a change.
enum GeneratedForm: String, CaseIterable, Sendable {
    case usual, noPrefix, zeroLines, oneLine, noRenames, copies, rewrites, withoutBinary, mnemonic, mail, quilt

    /// The command that writes the change from `o$k` to `n$k`.
    var difference: String {
        switch self {
        case .usual: "git diff --binary o$k n$k"
        case .noPrefix: "git diff --binary --no-prefix o$k n$k"
        case .zeroLines: "git diff --binary -U0 o$k n$k"
        case .oneLine: "git diff --binary -U1 o$k n$k"
        case .noRenames: "git diff --binary --no-renames --full-index o$k n$k"
        case .copies: "git diff --binary -M30 -C30 --find-copies-harder o$k n$k"
        case .rewrites: "git diff --binary -B -M o$k n$k"
        case .withoutBinary: "git diff o$k n$k"
        case .mnemonic: "git diff --binary --src-prefix=i/ --dst-prefix=w/ o$k n$k"
        case .mail: "git format-patch --binary --stdout o$k..n$k"
        case .quilt:
            "rm -rf a b; mkdir a b; git archive o$k | tar -x -C a; git archive n$k | tar -x -C b; TZ=Asia/Kolkata diff -ruN a b"
        }
    }

    /// The command that applies `$p` and prints the tree: git's own result, or GNU patch's for formats other than git's.
    var reference: String {
        let options = self == .noPrefix ? " -p0" : self == .zeroLines ? " --unidiff-zero" : ""
        guard self == .quilt else { return "git read-tree -u --reset o$k && git apply --index\(options) $p && git write-tree" }
        let add = "GIT_DIR=$PWD/.git GIT_WORK_TREE=$PWD/a GIT_INDEX_FILE=$PWD/../index"
        // diff(1) describes some changes only in words, which are not in a patch, and GNU patch skips them.
        return "! grep -q '^File a/.* is a .* while file b/' $p"
            + " && (cd a && TZ=Asia/Kolkata patch -p1 -s -f --no-backup-if-mismatch < $p) > /dev/null && rm -f ../index"
            + " && \(add) git -C a add -A -f . && \(add) git write-tree"
    }
}

@Suite("Patches made by chance")
struct GeneratedPatchTests {
    private static let limits = ["lacks filename information", "beyond a symbolic link", "Too many levels of symbolic links"]

    private static var environment: [String: String] { ProcessInfo.processInfo.environment }

    @Test(
        "a patch in any of git's forms makes the tree that git makes of it, or is refused as git refuses it; what check says is so",
        arguments: GeneratedForm.allCases)
    func generated(_ form: GeneratedForm) throws {
        let seed = Self.environment["NINEPIN_PATCH_SEED"].flatMap(UInt64.init) ?? .random(in: 0 ... .max)
        let count = Self.environment["NINEPIN_PATCH_COUNT"].flatMap(Int.init) ?? 20
        let fixture = try RepositoryFixture()
        let work = try fixture.folder("work", [:])
        let patches = try fixture.folder("patches", [:])
        try Self.fill(fixture, work, seed: seed, count: count, isPlain: form == .quilt)
        // One shell for all of them, so that each step needs only one process.
        let script = """
            k=0; while [ $k -lt \(count) ]; do
                p=\(patches)/$k
                { \(form.difference); } > $p
                { [ -s $p ] && \(form.reference); } > $p.tree 2> $p.error || : > $p.tree
                k=$((k + 1))
            done
            """
        try fixture.run("sh", ["-c", script], in: work)
        let repository = try Repository.open(at: "\(work)/.git")
        let names = (0..<count).flatMap { ["o\($0)^{tree}", "n\($0)^{tree}"] }
        let ids = try fixture.run("git", ["rev-parse"] + names, in: work).split(separator: "\n").compactMap { ObjectID(String($0)) }
        try #require(ids.count == 2 * count)
        let trees = (0..<count).map { (ids[2 * $0], ids[2 * $0 + 1]) }
        var (applied, refused) = (0, 0)
        for number in 0..<count {
            let bytes = Array(try Data(contentsOf: URL(filePath: "\(patches)/\(number)")))
            let told = ObjectID(try fixture.read("patches/\(number).tree").trimmingCharacters(in: .whitespacesAndNewlines))
            let (old, new) = trees[number]
            let fault = try fixture.read("patches/\(number).error")
            let words = "form \(form), seed \(seed), number \(number)"
            do {
                let made = try Self.apply(bytes, to: old, in: repository, words)
                applied += 1
                // git does not apply some of its own diffs: a name with a space before a slash, or a folder in place of a link that was
                // renamed or that leads to itself. In those cases, the result must equal the tree that the diff was made from.
                let isBeyondGit = told == nil && Self.limits.contains(where: fault.contains)
                #expect(made == (isBeyondGit ? new : told), "\(words): git says \(told?.description ?? fault)\n\(Self.shown(bytes))")
            } catch {
                refused += 1
                #expect(told == nil, "\(words): git applies it, and it is refused: \(error)\n\(Self.shown(bytes))")
            }
        }
        #expect(count < 20 || applied > count / 2, "seed \(seed): of \(count) only \(applied) apply")
        if Self.environment["NINEPIN_PATCH_COUNT"] != nil { print("\(form): seed \(seed): \(applied) applied, \(refused) refused") }
    }

    private static func apply(_ bytes: [UInt8], to tree: ObjectID, in repository: Repository, _ words: String) throws -> ObjectID {
        let patch = try Patch(bytes, name: words)
        let match = try patch.match { try repository.standing(at: $0, of: tree) }
        let made: ObjectID
        do { made = try repository.apply(patch, to: tree, under: ".") } catch {
            #expect(match.state != .applies, "\(words): check says that it applies")
            throw error
        }
        #expect(match.state == .applies, "\(words): check says \(match.state)")
        let again = try Patch(patch.text { $0 }, name: words)
        #expect(try repository.apply(again, to: tree, under: ".") == made, "\(words): written anew it makes another tree")
        #expect(
            try patch.match { try repository.standing(at: $0, of: made) }.state != .differs || made == tree,
            "\(words): it is not seen where it is")
        return made
    }

    private static func shown(_ bytes: [UInt8]) -> String { String(decoding: bytes.prefix(6000), as: UTF8.self).debugDescription }

    /// A repository with all old and new trees, written by a single git process.
    private static func fill(_ fixture: RepositoryFixture, _ work: String, seed: UInt64, count: Int, isPlain: Bool) throws {
        var generator = PatchGenerator(seed: seed, isPlain: isPlain)
        var stream: [UInt8] = []
        for number in 0..<count {
            let old = generator.tree()
            stream += PatchGenerator.stream(number, old, generator.changed(old))
        }
        try fixture.write("stream", Data(stream))
        let settings =
            "git config core.protectNTFS false; git config core.autocrlf false; git config user.name A; git config user.email a@example.org"
        let script = "git init -q . && \(settings); git fast-import --quiet < ../stream && git rev-parse n\(count - 1)"
        #expect(try !fixture.run("sh", ["-c", script], in: work).isEmpty, "seed \(seed): git does not take the trees")
    }
}
