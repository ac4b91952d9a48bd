import Foundation
import Model

/// The modules of the shape: the real ones in Kubernetes' `vendor/`, its staging modules, and Kubernetes itself.
struct Vendor {
    /// A module and its files.
    struct Module {
        let path: String
        var version: String
        /// The part after `=>` in go.mod.
        var replacement: (path: String, version: String)?
        /// Index lines, `MODE ID 0<tab>PATH`, with their paths inside the module.
        var files: [(entry: Substring, name: String)] = []

        /// The path and version that the proxy uses for it.
        var source: (path: String, version: String) { replacement ?? (path, version) }
    }

    /// The modules, sorted by path.
    private(set) var modules: [Module]
    private let listed: String
    /// reflect2 1.0.1 as in Kubernetes, also used in the first era: there, the recipe fixes it.
    private var olderReflection: [(entry: Substring, name: String)] = []

    /// Debian's compress package takes its checksum from this module, under its path from before v2; the code is that of v2.
    private static let oldHash = "github.com/cespare/xxhash"

    /// The shape's name for the Kubernetes release in the era of modules; the content is nevertheless 1.20.2.
    private static let kubernetes = "v1.34.9-k3s1"

    private static let etcd = "go.etcd.io/etcd/api/v3"

    private static let reflection = "github.com/modern-go/reflect2"

    init(_ parts: K3sShape.Parts, in repository: GitFolder) throws {
        listed = try repository.run(["cat-file", "blob", "\(parts.kubernetes.id):vendor/modules.txt"])
        var modules = Self.modules(listed)
        modules.append(Module(path: "github.com/klauspost/compress", version: "v1.15.12"))
        modules.append(Module(path: Self.oldHash, version: "v1.1.0"))
        modules.append(
            Module(path: "k8s.io/kubernetes", version: "v1.34.9", replacement: ("github.com/k3s-io/kubernetes", Self.kubernetes)))
        for (path, fork) in [("github.com/google/cadvisor", "github.com/k3s-io/cadvisor"), ("github.com/opencontainers/runc", "")] {
            guard let place = modules.firstIndex(where: { $0.path == path }) else { continue }
            let version = modules[place].version
            modules[place].replacement = fork.isEmpty ? (path, version) : (fork, "\(version)-k3s1")
        }
        for place in modules.indices where modules[place].path == Self.reflection { modules[place].version = "v1.0.2" }
        modules.append(Module(path: Self.etcd, version: "v3.5.0"))
        self.modules = modules.sorted { $0.path < $1.path }
        try fill(parts, in: repository)
    }

    /// Parses Go's list: `# PATH VERSION [=> ...]`, then one line per package. Modules without packages are not listed.
    private static func modules(_ text: String) -> [Module] {
        var modules: [Module] = []
        var pending: Module?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if words[0] == "#" {
                let (path, version) = (words[1], words[2])
                let isStaging = words.count > 4 && words[4].hasPrefix("./staging/")
                let fork = "github.com/k3s-io/kubernetes/staging/src/\(path)"
                // Replacements without a version occur again between a module and its packages.
                if version != "=>" { pending = Module(path: path, version: version, replacement: isStaging ? (fork, kubernetes) : nil) }
            } else if words[0] != "##", let module = pending {
                modules.append(module)
                pending = nil
            }
        }
        return modules
    }

    /// Assigns each file to the module with the longest matching path. Tests and their data are left out, as in `go mod vendor`.
    private mutating func fill(_ parts: K3sShape.Parts, in repository: GitFolder) throws {
        let folders = ["vendor", "staging/src/k8s.io", "pkg", "cmd", "third_party", "plugin", "LICENSE"]
        let list = { (tree: K3sShape.Tree, folders: [String]) in
            try repository.run(["-c", "core.quotePath=false", "ls-tree", "-r", tree.id, "--"] + folders)
        }
        let places = Dictionary(uniqueKeysWithValues: modules.enumerated().map { ($1.path, $0) })
        for (text, prefix) in [
            (try list(parts.kubernetes, folders), ""), (try list(parts.compress, []), "vendor/github.com/klauspost/compress/"),
            (try list(parts.reflection, []), "vendor/\(Self.reflection)/"),
        ] {
            for line in text.split(separator: "\n") {
                let columns = line.split(separator: "\t", maxSplits: 1)
                // The era of modules has the newer of the two versions of this module; the era before it has the older one.
                let isOlder = prefix.isEmpty && columns.last?.hasPrefix("vendor/\(Self.reflection)/") == true
                guard columns.count == 2, !line.hasPrefix("120000"), let path = Self.vendored(prefix + columns[1]) else { continue }
                let words = columns[0].split(separator: " ")
                if isOlder, words.count == 3 {
                    olderReflection.append(("\(words[0]) \(words[2]) 0", String(path.dropFirst(Self.reflection.count + 1))))
                    continue
                }
                var parts = path.split(separator: "/")[...]
                while !parts.isEmpty, places[parts.joined(separator: "/")] == nil { parts.removeLast() }
                guard words.count == 3, let place = places[parts.joined(separator: "/")] else { continue }
                let name = String(path.dropFirst(modules[place].path.count + 1))
                modules[place].files.append(("\(words[0]) \(words[2]) 0", name))
            }
        }
        // Newer releases have a package with this name, and -X sets a variable in it.
        try add(Data("package version\n\nvar GitSHA = \"none\"\n".utf8), at: "version/version.go", to: Self.etcd, in: repository)
        try add(parts.openAPI, at: K3sOpenAPI.path, to: "k8s.io/kubernetes", in: repository)
        copyHash()
        modules.removeAll { $0.files.isEmpty }
    }

    private mutating func add(_ content: Data, at name: String, to path: String, in repository: GitFolder) throws {
        guard let place = modules.firstIndex(where: { $0.path == path }),
            let entry = try repository.entries([name: content]).split(separator: "\t").first
        else { return }
        modules[place].files.append((entry, name))
    }

    private mutating func copyHash() {
        guard let from = modules.firstIndex(where: { $0.path == "\(Self.oldHash)/v2" }) else { return }
        for place in modules.indices where modules[place].path == Self.oldHash { modules[place].files = modules[from].files }
    }

    /// The path of a Debian tree's file below `vendor/`; nil if the file is left out.
    private static func vendored(_ path: String) -> String? {
        let name = path.split(separator: "/").last ?? ""
        if path.hasSuffix("_test.go") || path.contains("/testdata/")
            || ["BUILD", "BUILD.bazel", "OWNERS", "go.mod", "go.sum"].contains(name)
        {
            return nil
        }
        if path == "vendor/modules.txt" { return nil }
        for (prefix, place) in [("vendor/", ""), ("staging/src/", "")] where path.hasPrefix(prefix) {
            return place + path.dropFirst(prefix.count)
        }
        return "k8s.io/kubernetes/" + path
    }

    /// All files, as index lines.
    var vendoredEntries: String {
        modules.map { module in
            let files = module.path == Self.reflection ? olderReflection : module.files
            return files.map { "\($0.entry)\tvendor/\(module.path)/\($0.name)\n" }.joined()
        }.joined()
    }

    /// `vendor/modules.txt`: Go's own list plus the modules that are missing there.
    var modulesText: String {
        let added = modules.filter { ["k8s.io/kubernetes", "github.com/klauspost/compress", Self.oldHash].contains($0.path) }.map {
            module in
            let folders = Set(
                module.files.filter { $0.name.hasSuffix(".go") }.map { $0.name.split(separator: "/").dropLast().joined(separator: "/") })
            let packages = folders.sorted().map { ([module.path, $0].filter { !$0.isEmpty }.joined(separator: "/")) + "\n" }.joined()
            return "# \(module.path) \(module.version)\n## explicit\n\(packages)"
        }
        return listed + added.joined()
    }

    /// The main module's go.mod.
    var goMod: String {
        let required = modules.map { "\t\($0.path) \($0.version)\n" }.joined()
        let replaced = modules.compactMap { module in module.replacement.map { "\t\(module.path) => \($0.path) \($0.version)\n" } }.joined()
        return "module github.com/k3s-io/k3s\n\ngo 1.19\n\nreplace (\n\(replaced))\n\nrequire (\n\(required))\n"
    }
}

/// A module proxy in a folder, as described in `go help goproxy`: `MODULE/@v/VERSION.{info,mod,zip}`.
struct ModuleProxy {
    let folder: String
    let vendor: Vendor

    /// Creates the proxy; git itself writes the zip files.
    func write(in repository: GitFolder) throws {
        let entries = vendor.modules.enumerated().map { number, module in
            module.files.map { "\($0.entry)\t\(number)/\($0.name)\n" }.joined()
        }
        try repository.run(["update-index", "--index-info"], index: "proxy", input: entries.joined())
        let tree = try repository.run(["write-tree"], index: "proxy").trimmed
        let top = try repository.run(["commit-tree", tree, "-m", "modules"]).trimmed
        for (number, module) in vendor.modules.enumerated() {
            let (path, version) = module.source
            let place = "\(folder)/\(Self.escaped(path))/@v"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            let file = "\(place)/\(Self.escaped(version))"
            for (ending, text) in [
                ("info", #"{"Version":"\#(version)","Time":"2026-01-02T03:04:05Z"}"#),
                ("mod", "module \(module.path)\n\(module.path == "github.com/klauspost/compress" ? "\ngo 1.17\n" : "")"),
            ] { try Data(text.utf8).write(to: URL(filePath: "\(file).\(ending)")) }
            try Data("\(version)\n".utf8).write(to: URL(filePath: "\(place)/list"))
            try repository.run([
                "archive", "--format=zip", "-1", "--prefix=\(path)@\(version)/", "--output=\(file).zip", "\(top):\(number)",
            ])
        }
    }

    /// A capital letter is written as `!` and the lower-case letter.
    private static func escaped(_ text: String) -> String { text.map { $0.isUppercase ? "!\($0.lowercased())" : "\($0)" }.joined() }
}
