import CLibgit2
import Glibc
import Paths

/// A developer's folder, as read into a tree.
package struct Checkout: Hashable, Sendable {
    /// The folder's content.
    package let tree: ObjectID
    /// The checked-out commit; nil if there are no commits yet, or if the folder is not a git checkout.
    package let head: ObjectID?
    /// Whether git reports changed or new files; false for a folder that is not a git checkout.
    package let isDirty: Bool
}

/// Decides which files of a git checkout are content.
final class CheckoutRules {
    static let own = Array(".git".utf8)

    private let repository: OpaquePointer
    private let folder: [UInt8]
    /// The paths in the index, and all directories that contain them.
    private var tracked = Set<[UInt8]>()

    /// The rules of a checkout's top folder; nil if the folder is not a checkout.
    static func of(_ folder: [UInt8]) throws(GitError) -> CheckoutRules? {
        var status = stat()
        let there = (folder + [UInt8(ascii: "/")] + own).withCString { lstat($0, &status) == 0 }
        return there ? try CheckoutRules(folder) : nil
    }

    private init(_ folder: [UInt8]) throws(GitError) {
        _ = Libgit2.started
        let shown = String(decoding: folder, as: UTF8.self)
        var repository: OpaquePointer?
        let code = folder.withCString { git_repository_open_ext(&repository, $0, GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue, nil) }
        if code < 0, let said = git_error_last().map({ String(cString: $0.pointee.message) }), said.hasSuffix("extensions.objectformat") {
            throw GitError(
                "open checkout", shown,
                "it is a SHA-256 repository, which libgit2 1.5 cannot read; copy the folder without its .git and use the copy")
        }
        try GitError.check(code, "open checkout", shown)
        guard let repository else { throw GitError("open checkout", shown, "libgit2 returned nothing") }
        self.repository = repository
        self.folder = folder
        var index: OpaquePointer?
        try GitError.check(git_repository_index(&index, repository), "read index", shown)
        defer { git_index_free(index) }
        for number in 0..<git_index_entrycount(index) {
            guard let path = git_index_get_byindex(index, number)?.pointee.path else { continue }
            var name = [UInt8](UnsafeRawBufferPointer(start: path, count: strlen(path)))
            while tracked.insert(name).inserted, let slash = name.lastIndex(of: UInt8(ascii: "/")) { name = Array(name[..<slash]) }
        }
    }

    deinit { git_repository_free(repository) }

    /// The checked-out commit.
    var head: ObjectID? {
        var raw = git_oid()
        return git_reference_name_to_id(&raw, repository, "HEAD") == 0 ? ObjectID(raw) : nil
    }

    /// Whether a file or a directory is content.
    func take(_ place: [UInt8]) throws(GitError) -> Bool {
        let path = Array(place.dropFirst(folder.count + 1))
        if tracked.contains(path) { return true }
        var ignored: Int32 = 0
        let code = path.withCString { git_ignore_path_is_ignored(&ignored, repository, $0) }
        try GitError.check(code, "check whether git ignores", String(decoding: place, as: UTF8.self))
        return ignored == 0
    }

    /// A tree equal to the last commit's is clean. A different tree may be clean too, if git converts line endings or leaves out a
    /// submodule.
    func isDirty(against tree: ObjectID) throws(GitError) -> Bool {
        var raw = git_oid()
        var object: OpaquePointer?
        if git_revparse_single(&object, repository, "HEAD^{tree}") == 0 {
            raw = git_object_id(object).pointee
            git_object_free(object)
            if ObjectID(raw) == tree { return false }
        }
        var options = git_status_options()
        git_status_options_init(&options, UInt32(GIT_STATUS_OPTIONS_VERSION))
        options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR
        options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED.rawValue
        var list: OpaquePointer?
        try GitError.check(git_status_list_new(&list, repository, &options), "get the status of", String(decoding: folder, as: UTF8.self))
        defer { git_status_list_free(list) }
        return git_status_list_entrycount(list) > 0
    }
}
