import Git

/// What a name of an upstream's repository was resolved to.
package struct FetchedReference: Sendable, Hashable, Codable {
    /// The name that was asked for.
    package let name: String
    /// What it was resolved from: the remote's full reference, such as `refs/tags/v1.2`; `commit` for a commit's own id.
    package let source: String
    /// The commit. Of an annotated tag, the one that it names.
    package let commit: ObjectID
    /// The commit's tree.
    package let tree: ObjectID
    /// Whether objects had to be transferred.
    package let isNew: Bool
    /// Another full reference that the name could mean, at another commit: a branch that has a tag's name.
    package let passedOver: String?

    /// Makes a value as it was kept in a lock.
    package init(name: String, source: String, commit: ObjectID, tree: ObjectID, isNew: Bool, passedOver: String? = nil) {
        self.name = name
        self.source = source
        self.commit = commit
        self.tree = tree
        self.isNew = isNew
        self.passedOver = passedOver
    }
}
