import Git

/// The commit that a name in an upstream repository was resolved to.
package struct FetchedReference: Sendable, Hashable, Codable {
    /// The requested name.
    package let name: String
    /// The source of the commit: the remote's full reference, such as `refs/tags/v1.2`, or `commit` for a commit ID.
    package let source: String
    /// The commit; for an annotated tag, the tagged commit.
    package let commit: ObjectID
    package let tree: ObjectID
    /// Whether objects had to be transferred.
    package let isNew: Bool
    /// Another full reference that the name could mean and that is at another commit: a branch with the same name as a tag.
    package let passedOver: String?

    /// Restores a value recorded in a lock.
    package init(name: String, source: String, commit: ObjectID, tree: ObjectID, isNew: Bool, passedOver: String? = nil) {
        self.name = name
        self.source = source
        self.commit = commit
        self.tree = tree
        self.isNew = isNew
        self.passedOver = passedOver
    }
}
