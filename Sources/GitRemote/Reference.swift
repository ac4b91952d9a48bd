import Git

/// A reference of a remote, as listed by it (git's `Documentation/gitprotocol-pack.txt`, "Reference Discovery").
struct Reference: Hashable {
    /// The full name, such as `refs/heads/main`; with the suffix `^{}`, the object that the tag points to.
    let name: String
    let id: ObjectID
    /// The reference that a symbolic reference such as `HEAD` points to.
    var target: String?

    /// The short name of a tag or a branch.
    static func shortName(_ name: String) -> String {
        for prefix in ["refs/tags/", "refs/heads/"] where name.hasPrefix(prefix) { return String(name.dropFirst(prefix.count)) }
        return name
    }
}

/// The result of looking up a name.
struct Found: Hashable {
    /// The full name of the reference to fetch.
    let reference: String
    /// The commit, if the list contains it; the ID of an annotated tag is not its commit.
    let commit: ObjectID
    /// The full name of another reference that the name could mean and that is at another commit.
    private(set) var passedOver: String?

    /// Looks up a name among a remote's references in git's order (gitrevisions(7), `refname`): a full name, one below `refs/`, a tag, a
    /// branch, a remote's branch. A name that can be a commit ID is only ever a commit ID: a branch of that name must not replace it.
    init?(_ name: String, among references: [Reference]) {
        if let id = ObjectID(name) {
            self.init(id, among: references)
            return
        }
        let byName = Dictionary(references.map { ($0.name, $0) }) { first, _ in first }
        let all = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"].compactMap { place in
            byName["\(place)\(name)"].map { Found($0, peeled: byName["\(place)\(name)^{}"]) }
        }
        guard let first = all.first else { return nil }
        self = first
        passedOver = all.first { $0.commit != first.commit }?.reference
    }

    private init?(_ id: ObjectID, among references: [Reference]) {
        guard let holder = references.first(where: { $0.id == id }) else { return nil }
        let bare = holder.name.hasSuffix("^{}") ? String(holder.name.dropLast(3)) : holder.name
        self.init(Reference(name: bare, id: id, target: holder.target), peeled: nil)
    }

    private init(_ reference: Reference, peeled: Reference?) {
        self.reference = reference.target ?? reference.name
        commit = peeled?.id ?? reference.id
    }
}
