import Git

/// What a name of an upstream's repository was resolved to.
public struct FetchedReference: Sendable, Hashable, Codable {
    /// The name that was asked for.
    public let name: String
    /// What it was resolved from: the remote's full reference, such as `refs/tags/v1.2`; `commit` for a commit's own id.
    public let source: String
    /// The commit. Of an annotated tag, the one that it names.
    public let commit: ObjectID
    /// The commit's tree.
    public let tree: ObjectID
    /// Whether objects had to be transferred.
    public let isNew: Bool
    /// Another full reference that the name could mean, at another commit: a branch that has a tag's name.
    public let passedOver: String?

    /// Makes a value as it was kept in a lock.
    public init(name: String, source: String, commit: ObjectID, tree: ObjectID, isNew: Bool, passedOver: String? = nil) {
        self.name = name
        self.source = source
        self.commit = commit
        self.tree = tree
        self.isNew = isNew
        self.passedOver = passedOver
    }
}
