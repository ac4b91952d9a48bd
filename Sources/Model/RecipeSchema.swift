extension Recipe {
    /// The sections of a recipe. `docs/recipe.md` is written from these.
    public enum Schema {
        /// The whole file.
        public static let recipe = YamlSection(
            path: "",
            fields: [
                YamlField("title", "text", "one line for people"),
                YamlField("version", "version", "the version of what is built"),
                YamlField("source", "mapping", "where the source comes from"),
                YamlField(
                    "upstreams", "mapping of names to mappings",
                    "the upstream projects that lie in the source tree, by the name that patches use"),
                YamlField("toolchain", "range of versions", "which Go releases build it, such as `>=1.19 <1.20`"),
                YamlField("target", "mapping", "what Go is told to build"),
                YamlField("node", "mapping", "how the node is booted and watched"),
                YamlField(
                    "layouts", "list of `root-9p`, `root-overlay`, `volume-9p`", "which layouts `matrix` boots; `run` boots the first"),
                YamlField(
                    "series", "list of patches", required: false,
                    "the patches that make the node good, in the order in which they are applied"),
                YamlField(
                    "compare", "list of series", required: false,
                    "other series that `matrix` boots, each as `none` or patches with commas between"),
            ])
        /// The source.
        public static let source = YamlSection(path: "source", fields: [YamlField("debian", "mapping", "a Debian source package")])
        /// A Debian source package.
        public static let debian = YamlSection(
            path: "source.debian",
            fields: [
                YamlField("package", "text", "the source package's name"),
                YamlField("suite", "text", "the suite whose signed index is asked, by its code name"),
                YamlField(
                    "version", "text", "the upstream part of the package's version; any Debian revision of it is taken, the newest first"),
            ])
        /// One upstream project.
        public static let upstream = YamlSection(
            path: "upstreams.NAME",
            fields: [
                YamlField("path", "relative path", "the directory in the tree that paths in a patch start from; `.` for the top"),
                YamlField("version", "version", "the project's version, which decides the variant of a patch"),
            ])
        /// What Go is told to build.
        public static let target = YamlSection(
            path: "target",
            fields: [
                YamlField("importPath", "import path", "where the tree stands in `GOPATH`"),
                YamlField("package", "relative path", "the package to build, below the import path; its last part names the binary"),
                YamlField("flags", "list of text", required: false, "flags of `go build`"),
                YamlField("environment", "mapping of names to text", required: false, "settings of the environment, such as `CGO_ENABLED`"),
            ])
        /// The node.
        public static let node = YamlSection(
            path: "node",
            fields: [
                YamlField("profile", "`kubelet`", "which programs make up the node"),
                YamlField(
                    "warmUp", "length of time", required: false,
                    "how long after the node's start a forbidden line may still come; `10s` when missing"),
                YamlField(
                    "observe", "length of time", required: false, "how long after the node's start it is watched; `30s` when missing"),
                YamlField("startTimeout", "length of time", required: false, "how long the node may take to start; `60s` when missing"),
            ])

        /// All sections, the file itself first.
        public static let all = [recipe, source, debian, upstream, target, node]
    }
}
