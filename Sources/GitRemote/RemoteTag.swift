import Git

/// A tag of a remote.
package struct RemoteTag: Hashable, Sendable, Codable {
    /// The full name, such as `refs/tags/v1.2`.
    package let name: String
    /// What the tag leads to: the commit, also for an annotated tag.
    package let commit: ObjectID

    package init(name: String, commit: ObjectID) {
        self.name = name
        self.commit = commit
    }

    /// The tags in a list of references. An annotated tag is listed twice: as itself, and with the suffix `^{}` as what it points to
    /// (gitprotocol-pack(5), "Reference Discovery").
    static func all(in references: [Reference]) -> [RemoteTag] {
        let mark = "^{}"
        var peeled: [String: ObjectID] = [:]
        for reference in references where reference.name.hasSuffix(mark) {
            peeled[String(reference.name.dropLast(mark.count))] = reference.id
        }
        return references.compactMap { reference in
            guard reference.name.hasPrefix("refs/tags/"), !reference.name.hasSuffix(mark) else { return nil }
            return RemoteTag(name: reference.name, commit: peeled[reference.name] ?? reference.id)
        }
    }
}
