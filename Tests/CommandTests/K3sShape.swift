import Foundation

/// A repository in the shape of k3s, created by the tests. Its few own files are ours; Kubernetes and its dependencies are the real Debian
/// tree, assembled from tree IDs. It has tags of two eras: with `vendor/`, and with modules and `replace`.
struct K3sShape {
    /// A tree in a bare repository.
    struct Tree {
        let repository: String
        let id: String
    }

    /// The trees that it is assembled from.
    struct Parts {
        /// The real tree with its own `vendor/` and `staging/`.
        let kubernetes: Tree
        /// github.com/klauspost/compress, which decompresses zstd.
        let compress: Tree
        /// github.com/modern-go/reflect2 1.0.2: version 1.0.1 in Kubernetes' `vendor/` corrupts memory when compiled with Go 1.18 or newer,
        /// and crashes a kube-apiserver that is queried with curl.
        let reflection: Tree
        /// `K3sOpenAPI.path`.
        let openAPI: Data
    }

    /// The first era ended with 1.22: `vendor/`, with modules turned off only in Dockerfile.dapper.
    static let vendoredTag = "v1.21.14+k3s1"
    static let modulesTag = "v1.34.9+k3s1"
    /// k3s's build tags: go.sum must contain what they require.
    private static let buildTags = "ctrd,netcgo,osusergo,providerless,urfave_cli_no_docs,apparmor,seccomp,selinux"

    let repository: GitFolder
    /// The module proxy, as a `file://` address.
    let proxy: String

    /// Creates the repository and the proxy in a folder.
    ///
    /// - Parameters:
    ///   - parts: the trees to assemble.
    ///   - fixtures: the folder with the shape's own files.
    ///   - go: the `go` program, which writes go.sum.
    init(in folder: String, parts: Parts, fixtures: URL, go: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let others = Set([parts.kubernetes, parts.compress, parts.reflection].map(\.repository))
        repository = try GitFolder(at: "\(folder)/k3s.git", borrowingFrom: others.sorted())
        proxy = "file://\(folder)/proxy"
        let vendor = try Vendor(parts, in: repository)
        try Self.commitVendored(vendor, own: Self.files(of: ["both", "vendored"], in: fixtures), in: repository)
        let own = try Self.files(of: ["both", "modules"], in: fixtures)
        try ModuleProxy(folder: "\(folder)/proxy", vendor: vendor).write(in: repository)
        try Self.commitModules(vendor, own: own, go: go, folder: folder, proxy: proxy, in: repository)
    }

    private static func files(of parts: [String], in fixtures: URL) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for part in parts {
            let top = fixtures.appending(path: part)
            for name in try FileManager.default.subpathsOfDirectory(atPath: top.path) {
                let file = top.appending(path: name)
                guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
                files[name] = try Data(contentsOf: file)
            }
        }
        return files
    }

    /// In the first era, the module had another name.
    private static func commitVendored(_ vendor: Vendor, own: [String: Data], in repository: GitFolder) throws {
        var files = own.mapValues {
            Data(String(decoding: $0, as: UTF8.self).replacingOccurrences(of: "github.com/k3s-io/k3s", with: "github.com/rancher/k3s").utf8)
        }
        files["go.mod"] = Data("module github.com/rancher/k3s\n\ngo 1.13\n".utf8)
        files["vendor/modules.txt"] = Data(vendor.modulesText.utf8)
        try repository.run(["update-index", "--index-info"], index: "vendored", input: vendor.vendoredEntries)
        try repository.run(["update-index", "--index-info"], index: "vendored", input: try repository.entries(files))
        try repository.commit(index: "vendored", tag: vendoredTag)
    }

    /// Go itself writes go.sum, as it does for k3s developers.
    private static func commitModules(
        _ vendor: Vendor, own: [String: Data], go: String, folder: String, proxy: String, in repository: GitFolder
    ) throws {
        var files = own
        files["go.mod"] = Data(vendor.goMod.utf8)
        let work = "\(folder)/work"
        defer { _ = try? GitFolder.run("/bin/rm", ["-rf", work], environment: [:]) }
        for (name, content) in files {
            let file = URL(filePath: "\(work)/tree/\(name)")
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try content.write(to: file)
        }
        let environment = [
            "GOPROXY": proxy, "GONOSUMDB": "*", "GOMODCACHE": "\(work)/modules", "GOCACHE": "\(work)/cache",
            "GOFLAGS": "-mod=mod -modcacherw",
            "GO111MODULE": "on", "GOTOOLCHAIN": "local", "GOENV": "off", "CGO_ENABLED": "0", "PATH": "/usr/bin:/bin", "HOME": work,
        ]
        try GitFolder.run(
            go, ["list", "-deps", "-tags", buildTags, "./cmd/server", "./cmd/k3s"], environment: environment, folder: "\(work)/tree")
        for name in ["go.mod", "go.sum"] { files[name] = try Data(contentsOf: URL(filePath: "\(work)/tree/\(name)")) }
        try repository.run(["update-index", "--index-info"], index: "modules", input: try repository.entries(files))
        try repository.commit(index: "modules", tag: modulesTag)
    }
}
