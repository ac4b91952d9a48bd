import Model

extension Approach {
    /// The sections of an approach. `docs/approach.md` is generated from them.
    package enum Schema {
        /// The whole file.
        package static let approach = YamlSection(
            path: "",
            fields: [
                YamlField("title", "text", "a few words for people"),
                YamlField("order", "number", "its place in a table: the smallest number comes first"),
                YamlField("changes", "text", "what is changed instead of the source, or beside it, in one sentence"),
                YamlField("claim", "text", "what the research that the project began with claimed of it"),
                YamlField("finding", "mapping", required: false, "what was found, beside the claim"),
                YamlField("goodFor", "text", "what it is good for, in one sentence"),
                YamlField(
                    "subject", "`none`, `recipe`, `control-plane`, or patches with commas between", required: false,
                    "what is booted: the node with no patch, with the recipe's own, or with others; or an API server without a node; `none` when missing"
                ),
                YamlField("runtime", "`runsc` or `runc`", required: false, "what it is booted in; `runsc` when missing"),
                YamlField("kubelet", "list of mappings", required: false, "what kubelet is told, for some of its versions"),
                YamlField("tools", "list of mappings", required: false, "what the sandbox needs of Debian's packages"),
                YamlField("compile", "list of mappings", required: false, "C files of `approaches/` that are compiled for the sandbox"),
                YamlField("copies", "list of mappings", required: false, "directories that are copied in the sandbox, before all else"),
                YamlField("binds", "list of mappings", required: false, "bind mounts in the sandbox, in order"),
                YamlField("fuse", "mapping", required: false, "a program that serves a FUSE file system in the sandbox"),
                YamlField("preload", "absolute path", required: false, "a library that the node's program is made to load"),
                YamlField("wrapper", "list of words", required: false, "words in front of the node's program"),
                YamlField(
                    "asks", "list of mappings", required: false,
                    "what is asked in the sandbox before the node starts; the answers decide nothing"),
            ])
        /// What was found.
        package static let finding = YamlSection(
            path: "finding",
            fields: [
                YamlField("when", "an outcome, such as `degraded`", "the only outcome for which the text is shown"),
                YamlField("text", "text", "what the measurement says to the claim"),
            ])
        /// Settings for kubelet.
        package static let kubelet = YamlSection(
            path: "kubelet",
            fields: [
                YamlField("versions", "range of versions", required: false, "which versions of the recipe it is for; all when missing"),
                YamlField("featureGates", "mapping of names to `true` or `false`", required: false, "feature gates"),
                YamlField("fields", "mapping of names to `true` or `false`", required: false, "fields of kubelet's configuration"),
            ])
        /// A program or file of a Debian package.
        package static let tool = YamlSection(
            path: "tools",
            fields: [
                YamlField("name", "text", "a program's name, or the absolute path of a file; its libraries come with it"),
                YamlField("package", "text", "the Debian package that has it"),
            ])
        /// A C file.
        package static let compiled = YamlSection(
            path: "compile",
            fields: [
                YamlField("source", "relative path", "the C file, below `approaches/`"),
                YamlField("at", "absolute path", "where the result goes in the sandbox"),
                YamlField("shared", "`true` or `false`", required: false, "whether it is a shared library; a program when missing"),
            ])
        /// A copy of a directory.
        package static let copy = YamlSection(
            path: "copies",
            fields: [
                YamlField("of", "absolute path", required: false, "the directory; nothing is copied when missing"),
                YamlField("at", "absolute path", "where the copy is made"),
                YamlField("files", "mapping of names to text", required: false, "files that the copy has beside those of the directory"),
            ])
        package static let bind = YamlSection(
            path: "binds",
            fields: [
                YamlField("of", "absolute path", "what is shown"), YamlField("at", "absolute path", "where it is shown"),
            ])
        package static let fuse = YamlSection(
            path: "fuse",
            fields: [
                YamlField("run", "list of words", "the program and its arguments; it must stay in the foreground"),
                YamlField("at", "absolute path", "where it must be mounted before the node starts"),
            ])
        package static let question = YamlSection(
            path: "asks",
            fields: [
                YamlField("title", "text", "what is asked, in words"), YamlField("run", "list of words", "the program and its arguments"),
                YamlField("preloaded", "`true` or `false`", required: false, "whether it is made to load the library of `preload`"),
                YamlField("early", "`true` or `false`", required: false, "whether it is asked before the FUSE file system is mounted"),
            ])

        /// All sections, starting with the file itself.
        package static let all = [approach, finding, kubelet, tool, compiled, copy, bind, fuse, question]
    }
}
