import Model

extension Approach {
    /// The sections of an approach. `docs/approach.md` is generated from them.
    package enum Schema {
        /// The whole file.
        package static let approach = YamlSection(
            path: "",
            fields: [
                YamlField("title", "text", "a short title"),
                YamlField("order", "number", "its position in the table, in ascending order"),
                YamlField("changes", "text", "what is changed instead of, or in addition to, the source, in one sentence"),
                YamlField("claim", "text", "the claim of the research that the project started from"),
                YamlField("finding", "mapping", required: false, "the finding on the claim"),
                YamlField("goodFor", "text", "what the approach is good for, in one sentence"),
                YamlField(
                    "subject", "`none`, `recipe`, `control-plane`, or comma-separated patches", required: false,
                    "what to boot: the node without patches, with the recipe's, or with others; or an API server without a node; default: `none`"
                ),
                YamlField("runtime", "`runsc` or `runc`", required: false, "the runtime to boot in; default: `runsc`"),
                YamlField("kubelet", "list of mappings", required: false, "kubelet settings for some versions"),
                YamlField("tools", "list of mappings", required: false, "programs from Debian packages that the sandbox needs"),
                YamlField("compile", "list of mappings", required: false, "C files in `approaches/` to compile for the sandbox"),
                YamlField("copies", "list of mappings", required: false, "directories to copy in the sandbox, before anything else"),
                YamlField("binds", "list of mappings", required: false, "bind mounts in the sandbox, in order"),
                YamlField("fuse", "mapping", required: false, "a program that serves a FUSE file system in the sandbox"),
                YamlField("preload", "absolute path", required: false, "a library to preload into the node's program"),
                YamlField("wrapper", "list of words", required: false, "a command line to put in front of the node's program"),
                YamlField(
                    "asks", "list of mappings", required: false,
                    "questions to ask in the sandbox before the node starts; the answers do not affect the outcome"),
            ])
        /// What was found.
        package static let finding = YamlSection(
            path: "finding",
            fields: [
                YamlField("when", "an outcome, such as `degraded`", "the only outcome for which the text is shown"),
                YamlField("text", "text", "what the measurement shows about the claim"),
            ])
        /// Settings for kubelet.
        package static let kubelet = YamlSection(
            path: "kubelet",
            fields: [
                YamlField("versions", "version range", required: false, "the recipe's versions that this applies to; default: all"),
                YamlField("featureGates", "mapping of names to `true` or `false`", required: false, "feature gates"),
                YamlField("fields", "mapping of names to `true` or `false`", required: false, "fields of kubelet's configuration"),
            ])
        /// A program or file of a Debian package.
        package static let tool = YamlSection(
            path: "tools",
            fields: [
                YamlField("name", "text", "a program name, or the absolute path of a file; its libraries are included"),
                YamlField("package", "text", "the Debian package that contains it"),
            ])
        /// A C file.
        package static let compiled = YamlSection(
            path: "compile",
            fields: [
                YamlField("source", "relative path", "the C file, relative to `approaches/`"),
                YamlField("at", "absolute path", "where the result goes in the sandbox"),
                YamlField("shared", "`true` or `false`", required: false, "whether to build a shared library; default: a program"),
            ])
        /// A copy of a directory.
        package static let copy = YamlSection(
            path: "copies",
            fields: [
                YamlField("of", "absolute path", required: false, "the directory to copy; default: none"),
                YamlField("at", "absolute path", "the path of the copy"),
                YamlField("files", "mapping of names to text", required: false, "files to add to the copy"),
            ])
        package static let bind = YamlSection(
            path: "binds",
            fields: [
                YamlField("of", "absolute path", "the source"), YamlField("at", "absolute path", "the mount point"),
            ])
        package static let fuse = YamlSection(
            path: "fuse",
            fields: [
                YamlField("run", "list of words", "the program and its arguments; it must stay in the foreground"),
                YamlField("at", "absolute path", "the path where it must be mounted before the node starts"),
            ])
        package static let question = YamlSection(
            path: "asks",
            fields: [
                YamlField("title", "text", "the question, in words"), YamlField("run", "list of words", "the program and its arguments"),
                YamlField("preloaded", "`true` or `false`", required: false, "whether to preload the library of `preload`"),
                YamlField("early", "`true` or `false`", required: false, "whether to ask before the FUSE file system is mounted"),
            ])

        /// All sections, starting with the file itself.
        package static let all = [approach, finding, kubelet, tool, compiled, copy, bind, fuse, question]
    }
}
