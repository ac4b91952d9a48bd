import Git

/// One reference of a remote, as it lists them (git's `Documentation/gitprotocol-pack.txt`, "Reference Discovery").
struct Reference: Hashable {
    /// Its full name, such as `refs/heads/main`; with `^{}` behind it, what the tag of that name names.
    let name: String
    let id: ObjectID
    /// The reference that it stands for, as `HEAD` does.
    var target: String?

    /// A tag's or a branch's name as people write it.
    static func shortName(_ name: String) -> String {
        for prefix in ["refs/tags/", "refs/heads/"] where name.hasPrefix(prefix) { return String(name.dropFirst(prefix.count)) }
        return name
    }
}

/// What was found for a name.
struct Found: Hashable {
    /// The full name of the reference to fetch.
    let reference: String
    /// The commit, where the list says it: a tag's own id is not it.
    let commit: ObjectID
    /// The full name of another reference that the same name could mean, and that is at another commit.
    private(set) var passedOver: String?

    /// Looks a name up among a remote's references, in git's order (gitrevisions(7), `refname`): a full name, one below `refs/`, a tag, a branch, a
    /// remote's branch. What can be a commit's id is nothing else: a branch of that name must not stand for it.
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
