/// What a binary was made of. It is written into the binary itself, as Go's build ID: an ELF note (`.note.go.buildid`) that Go's linker makes
/// anyway and that `strip` leaves alone.
public struct Pedigree: Hashable, Codable, Sendable {
    /// One patch of the series.
    public struct Patch: Hashable, Codable, Sendable {
        /// Its name in the registry.
        public let name: PatchName
        /// The variant that was applied.
        public let variant: String

        /// Names a patch and its variant.
        public init(name: PatchName, variant: String) {
            self.name = name
            self.variant = variant
        }
    }

    /// The recipe.
    public let recipe: String
    /// The version of what was built.
    public let version: String
    /// The id of the patched tree.
    public let tree: String
    /// The patches, in order.
    public let series: [Patch]
    /// The Go release and what it compiled for.
    public let toolchain: String
    /// How Go found packages.
    public let mode: Target.Mode
    /// The recipe's flags of `go build`.
    public let flags: [String]
    /// What was downloaded and is packed in it, by name; nil where nothing is.
    public var downloads: [String: LockedDownload]?
    /// What the original has in its package and this one has not; nil where nothing is left out.
    public var leftOut: [String]?

    /// Makes a pedigree.
    public init(recipe: String, version: String, tree: String, series: [Patch], toolchain: String, mode: Target.Mode, flags: [String]) {
        self.recipe = recipe
        self.version = version
        self.tree = tree
        self.series = series
        self.toolchain = toolchain
        self.mode = mode
        self.flags = flags
    }
}
