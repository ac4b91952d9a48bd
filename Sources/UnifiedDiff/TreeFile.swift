/// A file of a tree: its mode and its bytes.
package struct TreeFile: Hashable, Sendable {
    /// The kinds of files that git distinguishes (git-fast-import(1), "filemodify").
    package enum Mode: String, Hashable, Sendable {
        /// A regular file.
        case plain = "100644"
        /// A file that its owner may execute.
        case executable = "100755"
        /// A symbolic link; its bytes are the target.
        case link = "120000"
    }

    package let mode: Mode
    /// The file's content; for a link, its target, which is never followed.
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8], mode: Mode = .plain) {
        self.mode = mode
        self.bytes = bytes
    }
}

/// What exists at a path of a tree or a folder.
package enum Standing {
    /// Nothing, or a path that passes through a file or a link.
    case nothing
    /// A file or a link.
    case file(TreeFile)
    /// A folder. The closure returns whether it contains more than the given number of files, at any depth.
    case folder(hasMoreThan: (Int) throws -> Bool)
    /// Anything else, such as a submodule or a device: its name, with an article.
    case other(String)

    /// The file at the path; nil for anything else.
    package var file: TreeFile? { if case .file(let file) = self { file } else { nil } }
}

/// Looks up what exists at a path of the files that a patch is applied to.
package typealias Lookup = (String) throws -> Standing
