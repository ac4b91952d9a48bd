/// What a binary was made of. It is written into the binary itself, as Go's build ID: an ELF note (`.note.go.buildid`) that Go's linker makes
/// anyway and that `strip` leaves alone.
package struct Pedigree: Hashable, Codable, Sendable {
    /// One patch of the series.
    package struct Patch: Hashable, Codable, Sendable {
        /// Its name in the registry.
        package let name: PatchName
        /// The variant that was applied.
        package let variant: String

        /// Names a patch and its variant.
        package init(name: PatchName, variant: String) {
            self.name = name
            self.variant = variant
        }
    }

    /// The recipe.
    package let recipe: String
    /// The version of what was built.
    package let version: String
    /// The id of the patched tree.
    package let tree: String
    /// The patches, in order.
    package let series: [Patch]
    /// The Go release and what it compiled for.
    package let toolchain: String
    /// How Go found packages.
    package let mode: Target.Mode
    /// The recipe's flags of `go build`.
    package let flags: [String]
    /// What was downloaded and is packed in it, by name; nil where nothing is.
    package var downloads: [String: LockedDownload]?
    /// What the original has in its package and this one has not; nil where nothing is left out.
    package var leftOut: [String]?

    /// Makes a pedigree.
    package init(recipe: String, version: String, tree: String, series: [Patch], toolchain: String, mode: Target.Mode, flags: [String]) {
        self.recipe = recipe
        self.version = version
        self.tree = tree
        self.series = series
        self.toolchain = toolchain
        self.mode = mode
        self.flags = flags
    }
}
