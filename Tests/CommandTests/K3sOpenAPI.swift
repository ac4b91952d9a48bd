import Foundation

/// The one file that kube-apiserver needs and that no Kubernetes release contains: `pkg/generated/openapi/zz_generated.openapi.go`. k3s's
/// fork has it; here, Kubernetes' own generator in `vendor/` creates it, as `build/root/Makefile.generated_files` does.
struct K3sOpenAPI {
    /// The file's path in Kubernetes.
    static let path = "pkg/generated/openapi/zz_generated.openapi.go"

    /// Generates the file.
    ///
    /// - Parameters:
    ///   - kubernetes: the tree.
    ///   - folder: a working folder; it is removed.
    ///   - cache: Go's cache.
    static func generate(from kubernetes: K3sShape.Tree, in folder: String, go: String, cache: String) throws -> Data {
        defer { _ = try? GitFolder.run("/bin/rm", ["-rf", folder], environment: [:]) }
        let place = "\(folder)/src/k8s.io/kubernetes"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let git = { try GitFolder.run("/usr/bin/git", ["--git-dir", kubernetes.repository] + $0, environment: ["PATH": "/usr/bin:/bin"]) }
        _ = try git(["archive", "--format=tar", "--output=\(folder)/tree.tar", kubernetes.id, "vendor", "staging", "pkg"])
        try GitFolder.run("/bin/tar", ["-xf", "\(folder)/tree.tar", "-C", place], environment: [:])
        let environment = [
            "GOPATH": folder, "GO111MODULE": "off", "GOCACHE": cache, "GOFLAGS": "", "GOENV": "off", "CGO_ENABLED": "0",
            "PATH": "\(URL(filePath: go).deletingLastPathComponent().path):/usr/bin:/bin", "HOME": folder,
        ]
        let generator = "\(folder)/openapi-gen"
        try GitFolder.run(
            go, ["build", "-trimpath", "-o", generator, "./vendor/k8s.io/kube-openapi/cmd/openapi-gen"], environment: environment,
            folder: place)
        let tagged = try git(["grep", "-l", "^// +k8s:openapi-gen=", kubernetes.id, "--", "*.go"])
        try GitFolder.run(
            generator,
            [
                "-i", packages(tagged).joined(separator: ","), "-p", "k8s.io/kubernetes/pkg/generated/openapi", "-O",
                "zz_generated.openapi",
                "-h", "vendor/k8s.io/code-generator/hack/boilerplate.go.txt", "-r", "\(folder)/report",
            ], environment: environment, folder: place)
        return try Data(contentsOf: URL(filePath: "\(place)/\(path)"))
    }

    /// The packages of the files that `git grep` lists as `TREE:PATH`, without those of examples.
    private static func packages(_ tagged: String) -> [String] {
        let folders = tagged.split(separator: "\n").compactMap { line -> String? in
            guard let path = line.split(separator: ":").last, !path.contains("/code-generator/"), !path.contains("/sample-apiserver/")
            else {
                return nil
            }
            let folder = path.split(separator: "/").dropLast().joined(separator: "/")
            return "k8s.io/kubernetes/" + folder.replacingOccurrences(of: "staging/src/", with: "vendor/")
        }
        return Set(folders).sorted()
    }
}
