/// The origin of a binary. It is written into the binary as Go's build ID: an ELF note (`.note.go.buildid`) that Go's linker always creates
/// and that `strip` keeps.
package struct Pedigree: Hashable, Codable, Sendable {
    /// A patch of the series.
    package struct Patch: Hashable, Codable, Sendable {
        /// The patch's name in the registry.
        package let name: PatchName
        /// The variant that was applied.
        package let variant: String

        package init(name: PatchName, variant: String) {
            self.name = name
            self.variant = variant
        }
    }

    package let recipe: String
    /// The version that was built.
    package let version: String
    /// The tree ID of the patched source.
    package let tree: String
    /// The patches, in order.
    package let series: [Patch]
    /// The Go release and the target platform.
    package let toolchain: String
    /// How Go resolved packages.
    package let mode: Target.Mode
    /// The recipe's flags of `go build`.
    package let flags: [String]
    /// The downloads packed in the binary, by name; nil if there are none.
    package var downloads: [String: LockedDownload]?
    /// What the original package contains and this one omits; nil if nothing is omitted.
    package var leftOut: [String]?

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
