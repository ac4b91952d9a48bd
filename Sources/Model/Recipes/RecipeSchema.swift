extension Recipe {
    /// The sections of a recipe. `docs/recipe.md` is generated from these.
    package enum Schema {
        package static let recipe = YamlSection(
            path: "",
            fields: [
                YamlField("title", "text", "a one-line title"),
                YamlField(
                    "version", "version",
                    "the version to build by default (without NAME@VERSION); available as `{version}` in other texts"),
                YamlField(
                    "importPath", "import path", required: false,
                    "the tree's import path in `GOPATH`; default: the `module` line of its go.mod"),
                YamlField("source", "mapping", "where the source comes from: exactly one of three kinds"),
                YamlField("libraries", "mapping", required: false, "Go libraries for compiling a source without `vendor/`"),
                YamlField(
                    "upstreams", "mapping of names to mappings",
                    "the upstream projects in the source tree, by the names used in patches"),
                YamlField("toolchain", "version range", "the Go releases that can build it, such as `>=1.19 <1.20`"),
                YamlField("target", "mapping", required: false, "the program to build; omitted for a library"),
                YamlField(
                    "downloads", "mapping of names to mappings", required: false, "files that the package needs in addition to the source"),
                YamlField(
                    "leftOut", "mapping of names to text", required: false,
                    "parts of the original package that this recipe omits, each with the reason; `none` removes an entry from the list"
                ),
                YamlField(
                    "package", "mapping", required: false, "how the target is packed into its artifact, in the way that k3s packs itself"),
                YamlField(
                    "controlPlane", "mapping", required: false,
                    "how to build the control plane that the node joins at the levels `ready` and `pod`"),
                YamlField("node", "mapping", required: false, "how the node is booted and observed; omitted for a library"),
                YamlField(
                    "layouts", "list of `root-9p`, `root-overlay`, `volume-9p`", required: false,
                    "the layouts that `matrix` boots; `run` boots the first; default: all"),
                YamlField(
                    "series", "list of patches", required: false,
                    "the patches that make the node work, in the order of application"),
                YamlField(
                    "compare", "list of series", required: false,
                    "other series that `matrix` boots, each `none` or comma-separated patches"),
                YamlField(
                    "measured", "list of mappings", required: false,
                    "results of manual runs of some versions, on sources that the tests do not have; shown by `ninepin recipes show`"),
            ])
        /// Results of manual runs.
        package static let measured = YamlSection(
            path: "measured",
            fields: [
                YamlField("versions", "version range", "the versions that were run"),
                YamlField("date", "date", "the date of the run, such as `2026-11-26`"),
                YamlField("text", "text", "what was run, on what, and the result"),
            ])
        package static let source = YamlSection(
            path: "source",
            fields: [
                YamlField("debian", "mapping", required: false, "a Debian source package"),
                YamlField("git", "mapping", required: false, "a git repository"),
                YamlField("archive", "mapping", required: false, "an archive"),
            ])
        package static let debian = YamlSection(
            path: "source.debian",
            fields: [
                YamlField("package", "text", "the source package's name"),
                YamlField("suite", "text", "the code name of the suite whose signed index is used"),
                YamlField(
                    "version", "text or range",
                    "the upstream part of the package's version, or a range such as `>=0.0.5`; the newest match in the suite is used, with any Debian revision"
                ),
                YamlField(
                    "built", "text", required: false,
                    "a binary package with the same code, used if a file of the source package is not in the pool"),
            ])
        package static let git = YamlSection(
            path: "source.git",
            fields: [
                YamlField("url", "address", "the repository: `https`, `git`, `ssh`, `file`; git's `url.*.insteadOf` applies"),
                YamlField(
                    "ref", "text",
                    "a tag, a branch, a full reference name, or a full commit ID, such as `v{version}`; if a tag and a branch have the same name, the tag is used and the branch is reported"
                ),
            ])
        package static let archive = YamlSection(
            path: "source.archive",
            fields: [
                YamlField("addresses", "list of addresses", "where to fetch it, tried in order; all must have the same bytes"),
                YamlField("sha256", "64 hexadecimal digits", "the expected digest"),
                YamlField("bytes", "number", required: false, "the length in bytes"),
            ])
        package static let libraries = YamlSection(
            path: "libraries",
            fields: [
                YamlField("suite", "text", "the code name of the suite whose signed index is used"),
                YamlField("packages", "list of text", "Debian packages such as `golang-golang-x-sys-dev`; their dependencies are included"),
            ])
        package static let upstream = YamlSection(
            path: "upstreams.NAME",
            fields: [
                YamlField("path", "relative path", "the directory in the tree that paths in a patch are relative to; `.` for the top"),
                YamlField(
                    "version", "version", required: false,
                    "the project's version, which selects a patch's variant if more than one fits; `vendor/modules.txt` and `go.mod` take precedence"
                ),
                YamlField(
                    "module", "module path", required: false, "the Go module that contains the project, if the tree has no copy of it"),
            ])
        /// The Go build target.
        package static let target = YamlSection(
            path: "target",
            fields: [
                YamlField(
                    "package", "relative path", "the package to build, relative to the import path; its last element is the binary's name"),
                YamlField(
                    "flags", "list of text", required: false,
                    "flags of `go build`. `{commit}`, `{commit8}`, and `{date}` are the lock's commit and its date; `{importPath}` is the tree's import path; `{vendored}` is the prefix of a package of `vendor/` in `-X`: `{importPath}/vendor/` in `GOPATH`, otherwise empty. A flag that could run a program or name a file needs `--allow-recipe-code`"
                ),
                YamlField(
                    "environment", "mapping of names to text", required: false,
                    "environment variables for Go only, such as `CGO_ENABLED`; `\"\"` sets one to empty. A variable that is not known to be harmless needs `--allow-recipe-code`"
                ),
                YamlField(
                    "mode", "`gopath`, `vendor`, `workspace`, `modules` or `tree`", required: false,
                    "how Go finds packages; default: `tree`, which follows the tree's own files"),
            ])
        package static let controlPlane = YamlSection(
            path: "controlPlane",
            fields: [
                YamlField("apiServer", "relative path", "kube-apiserver's package, relative to the import path"),
                YamlField("controllerManager", "relative path", "kube-controller-manager's package"),
                YamlField("scheduler", "relative path", "kube-scheduler's package"),
                YamlField(
                    "openapi", "relative path", required: false,
                    "a generated file that the source lacks, such as `pkg/generated/openapi/zz_generated.openapi.go`"),
                YamlField(
                    "series", "list of patches", required: false,
                    "the patches to build it with, independent of the node's; a patch is skipped if the tree does not have its fault"),
            ])
        package static let node = YamlSection(
            path: "node",
            fields: [
                YamlField("profile", "`kubelet`, `k3s-server` or `k3s-agent`", "the programs that make up the node"),
                YamlField(
                    "warmUp", "duration", required: false,
                    "how long after the node's start forbidden lines are tolerated; default: `10s`"),
                YamlField(
                    "observe", "duration", required: false, "how long to observe the node after its start; default: `30s`"),
                YamlField("startTimeout", "duration", required: false, "how long the node may take to start; default: `60s`"),
                YamlField(
                    "joinTimeout", "duration", required: false,
                    "how long after its start the node may take to meet the requirements of `ready` and `pod`; default: `120s`"),
                YamlField(
                    "kubelet", "mapping of names to text", required: false,
                    "fields of kubelet's configuration, each value as YAML, such as `evictionHard: '{memory.available: 500Mi}'`"),
                YamlField(
                    "runtime", "`runc` or `crun`", required: false,
                    "the program that starts its pods' containers; default: `runc` in a sandbox with cgroup v1, `crun` with v2"),
                YamlField(
                    "containerd", "mapping", required: false,
                    "the node's containerd, from a Debian suite; default: the machine's own"),
            ])
        package static let containerd = YamlSection(
            path: "node.containerd",
            fields: [
                YamlField(
                    "suite", "text",
                    "the code name of the suite whose signed index is used, such as `trixie`, from the machine's own mirror; the package is `containerd`, and it runs with this machine's libraries"
                ),
                YamlField(
                    "version", "text or range", required: false,
                    "the upstream part of the package's version, such as `1.7.24~ds1`, or a range such as `>=1.7 <2`; the newest match in the suite is used. kubelet before 1.23 needs containerd before 2.0"
                ),
            ])

        /// All sections, starting with the file itself.
        package static let all = [
            recipe, source, debian, git, archive, libraries, upstream, target, download, downloadCommit, package, program, controlPlane,
            node, containerd, measured,
        ]
    }
}
