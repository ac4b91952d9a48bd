extension Recipe {
    /// The sections of a recipe. `docs/recipe.md` is generated from these.
    package enum Schema {
        package static let recipe = YamlSection(
            path: "",
            fields: [
                YamlField("title", "text", "one line for people"),
                YamlField(
                    "version", "version",
                    "the version of what is built, when none is asked for with NAME@VERSION; `{version}` in other texts"),
                YamlField(
                    "importPath", "import path", required: false,
                    "where the tree stands in `GOPATH`; what the `module` line of its go.mod says, when missing"),
                YamlField("source", "mapping", "where the source comes from: one of three kinds"),
                YamlField("libraries", "mapping", required: false, "Go libraries that a source without `vendor/` is compiled with"),
                YamlField(
                    "upstreams", "mapping of names to mappings",
                    "the upstream projects that lie in the source tree, by the name that patches use"),
                YamlField("toolchain", "range of versions", "which Go releases build it, such as `>=1.19 <1.20`"),
                YamlField("target", "mapping", required: false, "what Go is told to build; a library has none"),
                YamlField("downloads", "mapping of names to mappings", required: false, "files that the package needs beside the source"),
                YamlField(
                    "leftOut", "mapping of names to text", required: false,
                    "what the original has in its package and this recipe leaves out of it, each with the reason; `none` takes one out of the list"
                ),
                YamlField("package", "mapping", required: false, "how the target is packed into its artifact, as k3s packs itself"),
                YamlField(
                    "controlPlane", "mapping", required: false,
                    "what makes the control plane that the node joins at the levels `ready` and `pod`"),
                YamlField("node", "mapping", required: false, "how the node is booted and watched; a library has none"),
                YamlField(
                    "layouts", "list of `root-9p`, `root-overlay`, `volume-9p`", required: false,
                    "which layouts `matrix` boots, all when missing; `run` boots the first"),
                YamlField(
                    "series", "list of patches", required: false,
                    "the patches that make the node good, in the order in which they are applied"),
                YamlField(
                    "compare", "list of series", required: false,
                    "other series that `matrix` boots, each as `none` or patches with commas between"),
                YamlField(
                    "measured", "list of mappings", required: false,
                    "what was run of some versions by hand, on sources that the tests do not have; `ninepin recipes show` tells it"),
            ])
        /// Results of manual runs.
        package static let measured = YamlSection(
            path: "measured",
            fields: [
                YamlField("versions", "range of versions", "which versions of what is built it tells of"),
                YamlField("date", "date", "the day on which it was run, as `2026-11-26`"),
                YamlField("text", "text", "what was run, on what, and what came of it"),
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
                YamlField("suite", "text", "the suite whose signed index is asked, by its code name"),
                YamlField(
                    "version", "text or range",
                    "the upstream part of the package's version, or a range such as `>=0.0.5`; the newest in the suite is taken, any Debian revision"
                ),
                YamlField(
                    "built", "text", required: false,
                    "a built package with the same code, to be taken when a file of the source package is not in the pool"),
            ])
        package static let git = YamlSection(
            path: "source.git",
            fields: [
                YamlField("url", "address", "the repository: `https`, `git`, `ssh`, `file`; git's `url.*.insteadOf` applies"),
                YamlField(
                    "ref", "text",
                    "a tag, a branch, a full reference name, or a full commit id, such as `v{version}`; of a tag and a branch of one name the tag is taken, and the other is told"
                ),
            ])
        package static let archive = YamlSection(
            path: "source.archive",
            fields: [
                YamlField("addresses", "list of addresses", "where it is to be had; each has the same bytes, and they are tried in order"),
                YamlField("sha256", "64 hexadecimal digits", "what its bytes must be"),
                YamlField("bytes", "number", required: false, "its length"),
            ])
        package static let libraries = YamlSection(
            path: "libraries",
            fields: [
                YamlField("suite", "text", "the suite whose signed index is asked, by its code name"),
                YamlField("packages", "list of text", "Debian packages such as `golang-golang-x-sys-dev`; what they need comes with them"),
            ])
        package static let upstream = YamlSection(
            path: "upstreams.NAME",
            fields: [
                YamlField("path", "relative path", "the directory in the tree that paths in a patch start from; `.` for the top"),
                YamlField(
                    "version", "version", required: false,
                    "the project's version, which decides the variant of a patch where two fit; what `vendor/modules.txt` or `go.mod` says counts more"
                ),
                YamlField(
                    "module", "module path", required: false, "the Go module that has the project, where the tree holds no copy of it"),
            ])
        /// The Go build target.
        package static let target = YamlSection(
            path: "target",
            fields: [
                YamlField("package", "relative path", "the package to build, below the import path; its last part names the binary"),
                YamlField(
                    "flags", "list of text", required: false,
                    "flags of `go build`; `{commit}`, `{commit8}` and `{date}` in them are the lock's commit and its date, `{importPath}` is the tree's, and `{vendored}` what stands before a package of `vendor/` in `-X`: `{importPath}/vendor/` in `GOPATH`, else nothing. One that could run a program or name a file needs `--allow-recipe-code`"
                ),
                YamlField(
                    "environment", "mapping of names to text", required: false,
                    "settings of the environment, such as `CGO_ENABLED`, for Go alone; `\"\"` empties one. One that is not known to be harmless needs `--allow-recipe-code`"
                ),
                YamlField(
                    "mode", "`gopath`, `vendor`, `workspace`, `modules` or `tree`", required: false,
                    "how Go finds packages; `tree`, which lets the tree's own files decide, when missing"),
            ])
        package static let controlPlane = YamlSection(
            path: "controlPlane",
            fields: [
                YamlField("apiServer", "relative path", "kube-apiserver's package, below the import path"),
                YamlField("controllerManager", "relative path", "kube-controller-manager's package"),
                YamlField("scheduler", "relative path", "kube-scheduler's package"),
                YamlField(
                    "openapi", "relative path", required: false,
                    "a generated file that the source lacks, such as `pkg/generated/openapi/zz_generated.openapi.go`"),
                YamlField(
                    "series", "list of patches", required: false,
                    "the patches that it is built with, whatever the node's are; one whose fault the tree does not have is left out"),
            ])
        package static let node = YamlSection(
            path: "node",
            fields: [
                YamlField("profile", "`kubelet`, `k3s-server` or `k3s-agent`", "which programs make up the node"),
                YamlField(
                    "warmUp", "length of time", required: false,
                    "how long after the node's start a forbidden line may still come; `10s` when missing"),
                YamlField(
                    "observe", "length of time", required: false, "how long after the node's start it is watched; `30s` when missing"),
                YamlField("startTimeout", "length of time", required: false, "how long the node may take to start; `60s` when missing"),
                YamlField(
                    "joinTimeout", "length of time", required: false,
                    "how long after its start the node may take to show what `ready` and `pod` ask for; `120s` when missing"),
                YamlField(
                    "kubelet", "mapping of names to text", required: false,
                    "fields of kubelet's configuration, each value as YAML, such as `evictionHard: '{memory.available: 500Mi}'`"),
                YamlField(
                    "runtime", "`runc` or `crun`", required: false,
                    "what starts the containers of its pods; `runc` where the sandbox has cgroup v1, `crun` where it has v2, when missing"),
                YamlField(
                    "containerd", "mapping", required: false,
                    "the containerd that it gets, from a Debian suite; the machine's own when missing"),
            ])
        package static let containerd = YamlSection(
            path: "node.containerd",
            fields: [
                YamlField(
                    "suite", "text",
                    "the suite whose signed index is asked, by its code name, such as `trixie`, at the machine's own mirror; the package is `containerd`, and it runs with this machine's libraries"
                ),
                YamlField(
                    "version", "text or range", required: false,
                    "the upstream part of the package's version, such as `1.7.24~ds1`, or a range such as `>=1.7 <2`; the newest of those in the suite is taken. kubelet before 1.23 needs one before 2.0"
                ),
            ])

        /// All sections, starting with the file itself.
        package static let all = [
            recipe, source, debian, git, archive, libraries, upstream, target, download, downloadCommit, package, program, controlPlane,
            node, containerd, measured,
        ]
    }
}
