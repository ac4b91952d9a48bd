/// How a recipe names the releases of its git source: for each range of versions, an address and a reference with `{version}` in it.
package struct VersionPattern: Sendable {
    /// A git source, before a version is filled in.
    private struct Form: Hashable, Sendable {
        let url: String
        let reference: String
    }

    /// A source that a file names, and the versions that it is for; nil for all of them. Later ones replace earlier ones as a whole.
    private struct Layer: Sendable {
        let versions: VersionRange?
        /// nil for a source that is not a git repository.
        let form: Form?
    }

    private static let mark = "{version}"
    private let layers: [Layer]

    /// Reads the sources of a recipe's files, starting with the file that extends no other. A recipe that is invalid elsewhere has them too.
    package init(_ files: [RecipeFile]) { layers = files.flatMap(\.sources).map { Layer(versions: $0.versions, form: Self.form($0.git)) } }

    private static func form(_ git: (url: String, reference: String)?) -> Form? { git.map { Form(url: $0.url, reference: $0.reference) } }

    /// The distinct addresses of the repositories whose releases the recipe names by their version.
    package func addresses(at version: Version) -> [String] {
        var seen: [String] = []
        for form in layers.compactMap(\.form) where form.reference.contains(Self.mark) {
            let address = form.url.replacing(Self.mark, with: version.plain)
            if !seen.contains(address) { seen.append(address) }
        }
        return seen
    }

    /// The version for which the recipe means a tag; nil if there is none.
    ///
    /// - Parameters:
    ///   - tag: the tag's full name, such as `refs/tags/v1.2`.
    ///   - url: the address of its repository.
    package func version(of tag: String, at url: String) -> Version? {
        for form in Set(layers.compactMap(\.form)) {
            for place in ["", "refs/", "refs/tags/"] {
                guard let text = Self.middle(of: tag, in: place + form.reference), let version = Version(text), version.plain == text,
                    effective(for: version) == form, form.url.replacing(Self.mark, with: text) == url
                else { continue }
                return version
            }
        }
        return nil
    }

    /// The text at the place of `{version}`; nil if the rest differs, or if the pattern has no such place.
    private static func middle(of text: String, in pattern: String) -> String? {
        let parts = pattern.split(separator: mark, omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return nil }
        // With several places, the version's length follows from the text's.
        let spare = text.utf8.count - parts.reduce(0) { $0 + $1.utf8.count }
        guard spare > 0, spare % (parts.count - 1) == 0, text.hasPrefix(first), text.hasSuffix(last) else { return nil }
        let bytes = Array(text.utf8.dropFirst(first.utf8.count).prefix(spare / (parts.count - 1)))
        guard let middle = String(validating: bytes, as: UTF8.self), pattern.replacing(mark, with: middle) == text else { return nil }
        return middle
    }

    private func effective(for version: Version) -> Form? { layers.last { $0.versions?.contains(version) ?? true }?.form }
}
