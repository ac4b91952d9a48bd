import CLibgit2
import ExitCodes

/// A commit of a working repository, as a patch.
package struct LocalCommit: Sendable {
    package let id: ObjectID
    /// The first paragraph of the commit message, as one line.
    package let subject: String
    /// The message below its first paragraph, without empty lines in front.
    package let body: String
    /// The author's name and address as git has them.
    package let authorName: String
    package let authorEmail: String
    /// When the author made it, in seconds since 1970, and the time zone in minutes east of UTC.
    package let authorSeconds: Int64
    package let authorOffset: Int
    /// The commit's changes relative to its first parent, as a unified diff.
    package let diff: [UInt8]

    /// Reads a commit.
    ///
    /// - Parameters:
    ///   - revision: an ID, a tag, `HEAD~1` or any other name that git accepts (gitrevisions(7)).
    ///   - folder: a folder of a git repository.
    /// - Throws: `LocalCommitError` if there is no such repository or commit, or it is a merge; `GitError`.
    package init(_ revision: String, in folder: String) throws {
        self = try LocalRepository(folder).commit(revision)
    }

    fileprivate init(of commit: OpaquePointer?, in repository: LocalRepository, _ revision: String) throws {
        guard let raw = git_commit_id(commit)?.pointee else { throw GitError("find commit", revision, "libgit2 returned nothing") }
        id = ObjectID(raw)
        guard git_commit_parentcount(commit) < 2 else { throw LocalCommitError.merge("\(id)") }
        let charset = git_commit_message_encoding(commit).map { String(cString: $0) }
        let text = { (text: UnsafePointer<CChar>?) throws -> String in
            let bytes = text.map { String.UTF8View.bytes(of: $0) } ?? []
            do throws(CharsetError) { return try Charset.text(bytes, in: charset) } catch {
                throw LocalCommitError.charset("\(ObjectID(raw))", error)
            }
        }
        // libgit2's own division loses the white space at the beginning of the body.
        let lines = try text(git_commit_message(commit)).replacing("\r\n", with: "\n")
            .split(separator: "\n", omittingEmptySubsequences: false)
            .drop { $0.allSatisfy(\.isWhitespace) }
        let title = lines.prefix { !$0.allSatisfy(\.isWhitespace) }
        subject = title.joined(separator: " ").split(whereSeparator: \.isWhitespace).joined(separator: " ")
        body = lines.dropFirst(title.count).drop { $0.allSatisfy(\.isWhitespace) }.joined(separator: "\n")
        let author = git_commit_author(commit)?.pointee
        authorName = try text(author?.name)
        authorEmail = try text(author?.email)
        authorSeconds = author?.when.time ?? 0
        authorOffset = Int(author?.when.offset ?? 0)
        diff = try repository.diff(of: commit, revision)
    }

    /// The most commits that a range may have.
    package static let most = 1000

    /// Reads the commits of a range, oldest first.
    ///
    /// - Parameter range: `A..B`: what B has and A has not (gitrevisions(7)).
    /// - Throws: `LocalCommitError` if there is no such repository or commit, for a range with a merge, with nothing or with more than ``most``
    ///   commits; `GitError`.
    package static func range(_ range: String, in folder: String) throws -> [LocalCommit] {
        let repository = try LocalRepository(folder)
        let ends = range.split(separator: "..", omittingEmptySubsequences: false)
        guard !range.contains("..."), ends.count == 2, !ends.allSatisfy(\.isEmpty) else { throw LocalCommitError.symmetric(range) }
        // libgit2 says of a whole range only that something in it is not there. An end that is left out is HEAD.
        for end in ends where !end.isEmpty { try repository.check(String(end)) }
        var walk: OpaquePointer?
        try GitError.check(git_revwalk_new(&walk, repository.handle), "read range", range)
        defer { git_revwalk_free(walk) }
        git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL.rawValue | GIT_SORT_REVERSE.rawValue)
        try repository.check(git_revwalk_push_range(walk, range), "find range", range)
        var commits: [LocalCommit] = []
        var raw = git_oid()
        while true {
            let code = git_revwalk_next(&raw, walk)
            if code == GIT_ITEROVER.rawValue { break }
            try repository.check(code, "read range", range)
            guard commits.count < most else { throw LocalCommitError.many(range, most: most) }
            var commit: OpaquePointer?
            try repository.check(git_commit_lookup(&commit, repository.handle, &raw), "read range", range)
            defer { git_commit_free(commit) }
            commits.append(try LocalCommit(of: commit, in: repository, range))
        }
        guard !commits.isEmpty else { throw LocalCommitError.empty(range) }
        return commits
    }
}

/// A repository that somebody works in.
private final class LocalRepository {
    let handle: OpaquePointer
    private let folder: String

    init(_ folder: String) throws {
        _ = Libgit2.started
        var handle: OpaquePointer?
        let code = git_repository_open_ext(&handle, folder, 0, nil)
        // libgit2 1.5 says of a foreign repository that the setting safe.directory is not found.
        let isSetting = git_error_last()?.pointee.klass == Int32(bitPattern: GIT_ERROR_CONFIG.rawValue)
        if code == GIT_EOWNER.rawValue || code == GIT_ENOTFOUND.rawValue && isSetting { throw LocalCommitError.foreign(folder) }
        if code == GIT_ENOTFOUND.rawValue { throw LocalCommitError.noRepository(folder) }
        try GitError.check(code, "open repository", folder)
        guard let handle else { throw GitError("open repository", folder, "libgit2 returned nothing") }
        (self.handle, self.folder) = (handle, folder)
    }

    deinit { git_repository_free(handle) }

    func commit(_ revision: String) throws -> LocalCommit {
        let object = try object(revision)
        defer { git_object_free(object) }
        return try LocalCommit(of: object, in: self, revision)
    }

    /// Checks that there is a commit.
    func check(_ revision: String) throws { git_object_free(try object(revision)) }

    private func object(_ revision: String) throws -> OpaquePointer? {
        guard !revision.allSatisfy(\.isWhitespace) else { throw LocalCommitError.noCommit(revision, folder: folder) }
        var object: OpaquePointer?
        let code = git_revparse_single(&object, handle, "\(revision)^{commit}")
        switch code {
        case GIT_ENOTFOUND.rawValue, GIT_EINVALIDSPEC.rawValue, GIT_EPEEL.rawValue, GIT_EUNBORNBRANCH.rawValue, GIT_EINVALID.rawValue:
            throw LocalCommitError.noCommit(revision, folder: folder)
        case GIT_EAMBIGUOUS.rawValue: throw LocalCommitError.ambiguous(revision)
        case ..<0 where object == nil && git_error_last()?.pointee.klass != Int32(bitPattern: GIT_ERROR_OS.rawValue):
            throw LocalCommitError.noCommit(revision, folder: folder)
        default: try GitError.check(code, "find commit", revision)
        }
        return object
    }

    /// Turns a code of libgit2 into an error. An object that is not there is the end of a shallow clone.
    func check(_ code: Int32, _ operation: String, _ subject: String) throws {
        if code == GIT_ENOTFOUND.rawValue, git_repository_is_shallow(handle) == 1 { throw LocalCommitError.shallow(folder) }
        try GitError.check(code, operation, subject)
    }

    func diff(of commit: OpaquePointer?, _ revision: String) throws -> [UInt8] {
        var tree: OpaquePointer?
        try check(git_commit_tree(&tree, commit), "read", revision)
        defer { git_tree_free(tree) }
        var (parent, parentTree): (OpaquePointer?, OpaquePointer?)
        defer {
            git_tree_free(parentTree)
            git_commit_free(parent)
        }
        if git_commit_parentcount(commit) > 0 {
            try check(git_commit_parent(&parent, commit, 0), "read parent of", revision)
            try check(git_commit_tree(&parentTree, parent), "read parent of", revision)
        }
        var diff: OpaquePointer?
        try DiffText.withOptions { (options) throws(GitError) in
            try GitError.check(git_diff_tree_to_tree(&diff, handle, parentTree, tree, &options), "compare", revision)
        }
        defer { git_diff_free(diff) }
        guard let diff else { throw GitError("compare", revision, "libgit2 returned nothing") }
        return try DiffText.bytes(of: diff)
    }
}

extension String.UTF8View {
    /// The bytes of a C string, whatever they are.
    fileprivate static func bytes(of text: UnsafePointer<CChar>) -> [UInt8] {
        var (bytes, next) = ([UInt8](), text)
        while next.pointee != 0 {
            bytes.append(UInt8(bitPattern: next.pointee))
            next += 1
        }
        return bytes
    }
}

/// Why a commit of somebody's repository cannot be read.
package enum LocalCommitError: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    case noRepository(String)
    /// git does not use a repository of another user (git-config(1), `safe.directory`).
    case foreign(String)
    case noCommit(String, folder: String)
    case ambiguous(String)
    /// `A...B`.
    case symmetric(String)
    case empty(String)
    case many(String, most: Int)
    case merge(String)
    /// The clone ends before a commit that is needed.
    case shallow(String)
    case charset(String, CharsetError)

    /// What is wrong, and what to do about it.
    package var description: String {
        switch self {
        case .noRepository(let folder): "there is no git repository in \(folder); --source names the folder of one"
        case .foreign(let folder):
            "\(folder) belongs to another user, and git does not use it; if you trust it, run: git config --global --add safe.directory \(folder)"
        case .noCommit(let name, let folder):
            "there is no commit '\(name)' in \(folder); expected a commit such as HEAD, or a range A..B ('git log' shows them)"
        case .ambiguous(let name): "'\(name)' means more than one commit; give more of its ID"
        case .symmetric(let range):
            "'\(range)' is not a series; expected A..B: the commits that B has and A has not"
        case .empty(let range): "the range '\(range)' has no commits; expected A..B, from the older to the newer commit"
        case .many(let range, let most): "the range '\(range)' has more than \(most) commits, which is the limit"
        case .merge(let id): "\(id) is a merge, which is not a patch; rebase the commits onto one line, or name those that were merged"
        case .shallow(let folder): "the clone in \(folder) is shallow, and a commit that is needed is not in it; run: git fetch --unshallow"
        case .charset(let id, let error): "the message of commit \(id): \(error)"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .noRepository, .noCommit, .ambiguous, .symmetric, .empty: .usage
        case .many, .merge, .charset: .data
        case .foreign, .shallow: .missing
        }
    }
}
