import ExitCodes
import FileSystem
import FoundationEssentials
import Host
import Model
import SystemPackage

/// A patch that was applied but is not in the binary.
package struct PatchNotReached: ExitStatusError, Sendable, CustomStringConvertible {
    /// The patched file, by its path in the tree.
    package let file: String
    /// Why it is not compiled.
    package let reason: String
    /// The file that was compiled instead; nil if there is none.
    package let instead: String?

    /// The file, the reason, and what was compiled instead.
    package var description: String {
        "the patch did not reach the binary: \(file) \(reason)" + (instead.map { "\n    compiled instead: \($0)" } ?? "")
    }

    package var exitStatus: ExitStatus { .no }
}

/// A linker flag that sets a variable of a package which is not in the binary. The linker ignores such a flag silently.
package struct FlagNotReached: ExitStatusError, Sendable, CustomStringConvertible {
    /// The flag's value: `PACKAGE.NAME=TEXT`.
    package let flag: String
    /// The package that it names.
    package let package: String
    /// A similar package that is in the binary; nil if there is none.
    package let near: String?

    /// The flag, the reason, and what to do.
    package var description: String {
        """
        the flag has no effect: -X \(flag) names the package \(package), which is not in the build
            \(near.map { "The build contains \($0). Use that in the recipe's flags" } ?? "Remove it from the recipe's flags, or use a package of the build") \
        ({vendored} and {importPath} are replaced by the tree's values).
        """
    }

    package var exitStatus: ExitStatus { .no }
}

/// Verifies that the files changed by a series were compiled into a target.
struct Reached {
    /// The output of `go list -json` for a package (go help list).
    private struct Package: Decodable {
        let Dir: String
        let ImportPath: String
        let GoFiles: [String]?
        let CgoFiles: [String]?
        let CFiles: [String]?
        let HFiles: [String]?
        let SFiles: [String]?
        let EmbedFiles: [String]?

        var files: [String] { [GoFiles, CgoFiles, CFiles, HFiles, SFiles, EmbedFiles].flatMap { $0 ?? [] } }
    }

    /// An entry of the file that `go build -debug-actiongraph` writes (cmd/go/internal/work/action.go).
    private struct Action: Decodable {
        let Mode: String
        let Package: String?
    }

    /// The import paths of all packages in the target.
    private let compiled: Set<String>
    private let listed: String
    private let list: @Sendable ([String]) async throws -> String

    /// - Parameters:
    ///   - graph: the file that `-debug-actiongraph` wrote.
    ///   - listed: the answer to ``question(about:)``.
    ///   - list: runs `go list` with the build's own flags and the given arguments.
    init(graph: FilePath, listed: String, list: @escaping @Sendable ([String]) async throws -> String) throws {
        let actions = try JSONDecoder().decode([Action].self, from: Data(try Files.read(graph)))
        compiled = Set(actions.filter { $0.Mode == "build" || $0.Mode == "use installed" }.compactMap(\.Package))
        self.listed = listed
        self.list = list
    }

    /// The `go list` arguments for the folders of the touched files; nil if none of the files is compiled.
    static func question(about touched: [String]) -> [String]? {
        let folders = Set(compilable(touched).map { argument($0.removingLastComponent().string) }).sorted()
        return folders.isEmpty ? nil : ["-e", "-find"] + folders
    }

    private static func compilable(_ touched: [String]) -> [FilePath] {
        touched.filter { path in
            !path.hasSuffix("_test.go") && [".go", ".c", ".h", ".s"].contains { path.hasSuffix($0) }
        }.map { FilePath($0) }
    }

    /// The import paths of the touched packages.
    ///
    /// - Parameter touched: files, by their paths in the tree. Tests and files that are not compiled are ignored.
    /// - Throws: `PatchNotReached`; `CommandError`.
    func check(_ touched: [String], in tree: FilePath) async throws -> [String] {
        let files = Self.compilable(touched)
        guard !files.isEmpty else { return [] }
        let packages = try Self.read(listed)
        let root = try Files.realPath(tree)
        for file in files {
            let folder = root.pushing(file.removingLastComponent()).lexicallyNormalized().string
            guard
                let package = packages.first(where: { $0.Dir == folder || FilePath($0.Dir) == tree.pushing(file.removingLastComponent()) })
            else { throw PatchNotReached(file: file.string, reason: "is in no package found by Go", instead: nil) }
            let name = file.lastComponent?.string ?? ""
            guard compiled.contains(package.ImportPath) else {
                throw PatchNotReached(
                    file: file.string, reason: "is in \(package.ImportPath), which the target does not depend on",
                    instead: try await twin(of: package.ImportPath, name))
            }
            guard package.files.contains(name) else {
                throw PatchNotReached(file: file.string, reason: "is excluded by its build constraints", instead: nil)
            }
        }
        return packages.map(\.ImportPath).sorted()
    }

    /// Checks that each variable set by the linker belongs to a package in the binary.
    ///
    /// - Parameter program: the import path of the target, whose package the linker calls `main`.
    /// - Throws: `FlagNotReached`.
    func check(_ assignments: [GoFlag.Assignment], program: String) throws(FlagNotReached) {
        for assignment in assignments where assignment.package != "main" {
            let isProgram = assignment.package == program
            guard isProgram || !compiled.contains(assignment.package) else { continue }
            throw FlagNotReached(
                flag: assignment.text, package: assignment.package, near: isProgram ? "main" : near(assignment.package))
        }
    }

    /// A similar package in the binary: the same one inside or outside of a `vendor/` folder, one with the same last components, or one
    /// with a similar spelling.
    private func near(_ package: String) -> String? {
        let parts = package.split(separator: "/")
        let bare = package.components(separatedBy: "/vendor/").last ?? package
        if let same = compiled.filter({ ($0.components(separatedBy: "/vendor/").last ?? $0) == bare }).min() { return same }
        let shared = { (other: String) in zip(parts.reversed(), other.split(separator: "/").reversed()).prefix { $0 == $1 }.count }
        let best = compiled.map { (name: $0, shared: shared($0)) }.filter { $0.shared >= 2 }.max {
            ($0.shared, $1.name) < ($1.shared, $0.name)
        }
        return best?.name ?? Spelling.nearest(to: package, among: compiled)
    }

    /// A folder as an argument of `go list`. A copy of a module is found only by its import path, because it is not part of the main
    /// module.
    private static func argument(_ folder: String) -> String {
        let copies = "\(GoPlace.copies)/"
        return folder.hasPrefix(copies) ? String(folder.dropFirst(copies.count)) : folder.isEmpty ? "." : "./\(folder)"
    }

    /// The file with the same name in another copy of the package that the target does depend on.
    private func twin(of path: String, _ name: String) async throws -> String? {
        let tail = path.components(separatedBy: "/vendor/").last ?? path
        let last = tail.split(separator: "/").suffix(3).joined(separator: "/")
        guard let other = compiled.filter({ $0.hasSuffix(last) && $0 != path }).min() else { return nil }
        return try Self.read(try await list(["-e", "-find", other])).first.map { "\($0.Dir)/\(name)" }
    }

    /// `go list -json` writes one document after another; each ends with a brace at the start of a line.
    private static func read(_ text: String) throws -> [Package] {
        try text.components(separatedBy: "\n}").filter { $0.contains("{") }.map {
            try JSONDecoder().decode(Package.self, from: Data("\($0)\n}".utf8))
        }
    }
}
