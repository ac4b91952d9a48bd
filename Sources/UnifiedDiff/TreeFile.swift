/// A file of a tree: what it is, and its bytes.
package struct TreeFile: Hashable, Sendable {
    /// What a file of a tree is, as git tells files apart (git-fast-import(1), "filemodify").
    package enum Mode: String, Hashable, Sendable {
        /// A file.
        case plain = "100644"
        /// A file that its owner may run.
        case executable = "100755"
        /// A symbolic link; its bytes are where it leads.
        case link = "120000"
    }

    /// What it is.
    package let mode: Mode
    /// Its content; a link's is where it leads, which nobody follows.
    package let bytes: [UInt8]

    /// Makes a file.
    package init(_ bytes: [UInt8], mode: Mode = .plain) {
        self.mode = mode
        self.bytes = bytes
    }
}

/// What stands at a path of a tree or of a folder.
package enum Standing {
    /// Nothing, or a path that leads through a file or a link.
    case nothing
    /// A file or a link.
    case file(TreeFile)
    /// A folder; whether it has more than so many files in it, however deep.
    case folder(hasMoreThan: (Int) throws -> Bool)
    /// What is neither: a submodule, a device. Its name, with an article.
    case other(String)

    /// The file that stands there; nil for anything else.
    package var file: TreeFile? { if case .file(let file) = self { file } else { nil } }
}

/// Where the files are that a patch is held against: what stands at a path.
package typealias Lookup = (String) throws -> Standing
