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

    /// Looks a name up among a remote's references: a full name first, then a tag, then a branch, then a commit's id.
    init?(_ name: String, among references: [Reference]) {
        let byName = Dictionary(references.map { ($0.name, $0) }) { first, _ in first }
        for full in [name, "refs/tags/\(name)", "refs/heads/\(name)"] {
            guard let reference = byName[full] else { continue }
            self.init(reference, peeled: byName["\(full)^{}"])
            return
        }
        guard let id = ObjectID(name), let holder = references.first(where: { $0.id == id }) else { return nil }
        let bare = holder.name.hasSuffix("^{}") ? String(holder.name.dropLast(3)) : holder.name
        self.init(Reference(name: bare, id: id, target: holder.target), peeled: nil)
    }

    private init(_ reference: Reference, peeled: Reference?) {
        self.reference = reference.target ?? reference.name
        commit = peeled?.id ?? reference.id
    }
}
