import ExitCodes
import FoundationEssentials
import Host
import Model
import SystemPackage

/// A patch that was applied and is not in the binary.
package struct PatchNotReached: ExitStatusError, Sendable, CustomStringConvertible {
    /// The patched file, by its path in the tree.
    package let file: String
    /// Why it is not compiled.
    package let reason: String
    /// The file that was compiled in its place; nil when none was.
    package let instead: String?

    /// Which file, why, and what was compiled instead.
    package var description: String {
        "the patch did not reach the binary: \(file) \(reason)" + (instead.map { "\n    compiled instead: \($0)" } ?? "")
    }

    package var exitStatus: ExitStatus { .no }
}

/// A flag that is to write into a variable of a package which is not in the binary: the linker passes over it and says nothing.
package struct FlagNotReached: ExitStatusError, Sendable, CustomStringConvertible {
    /// The flag's value: `PACKAGE.NAME=TEXT`.
    package let flag: String
    /// The package that it names.
    package let package: String
    /// A package of the binary that may be meant; nil when none is near.
    package let near: String?

    /// Which flag, why, and what to do.
    package var description: String {
        """
        the flag has no effect: -X \(flag) names the package \(package), which is not in the build
            \(near.map { "The build contains \($0). Use that in the recipe's flags" } ?? "Remove it from the recipe's flags, or use a package of the build") \
        ({vendored} and {importPath} are replaced by the tree's values).
        """
    }

    package var exitStatus: ExitStatus { .no }
}

/// Shows that the files which a series touched were compiled into a target.
struct Reached {
    /// What `go list -json` says of a package (go help list).
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

    /// One entry of the file that `go build -debug-actiongraph` writes (cmd/go/internal/work/action.go).
    private struct Action: Decodable {
        let Mode: String
        let Package: String?
    }

    /// The import paths that the target was made of.
    private let compiled: Set<String>
    private let listed: String
    private let list: @Sendable ([String]) async throws -> String

    /// - Parameters:
    ///   - graph: the file that `-debug-actiongraph` wrote.
    ///   - listed: the answer to ``question(about:)``.
    ///   - list: runs `go list` with the build's own flags and these arguments.
    init(graph: FilePath, listed: String, list: @escaping @Sendable ([String]) async throws -> String) throws {
        let actions = try JSONDecoder().decode([Action].self, from: Data(try Files.read(graph)))
        compiled = Set(actions.filter { $0.Mode == "build" || $0.Mode == "use installed" }.compactMap(\.Package))
        self.listed = listed
        self.list = list
    }

    /// What `go list` is asked about the folders of touched files; nil when no compiler reads any of them.
    static func question(about touched: [String]) -> [String]? {
        let folders = Set(compilable(touched).map { argument($0.removingLastComponent().string) }).sorted()
        return folders.isEmpty ? nil : ["-e", "-find"] + folders
    }

    private static func compilable(_ touched: [String]) -> [FilePath] {
        touched.filter { path in
            !path.hasSuffix("_test.go") && [".go", ".c", ".h", ".s"].contains { path.hasSuffix($0) }
        }.map { FilePath($0) }
    }

    /// The import paths of the packages that were touched.
    ///
    /// - Parameter touched: files by their paths in the tree. Tests and files that no compiler reads are left out.
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

    /// Looks whether each variable that the linker is to set is of a package in the binary.
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

    /// A package of the binary that somebody may mean who names another: the same one inside or outside of a `vendor/`, one with the same end, or one
    /// that is spelled alike.
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

    /// A folder as `go list` takes it. A copy of a module is found by its import path only: it is no part of the main module.
    private static func argument(_ folder: String) -> String {
        let copies = "\(GoPlace.copies)/"
        return folder.hasPrefix(copies) ? String(folder.dropFirst(copies.count)) : folder.isEmpty ? "." : "./\(folder)"
    }

    /// The file of the same name in another copy of the package, which the target does depend on.
    private func twin(of path: String, _ name: String) async throws -> String? {
        let tail = path.components(separatedBy: "/vendor/").last ?? path
        let last = tail.split(separator: "/").suffix(3).joined(separator: "/")
        guard let other = compiled.filter({ $0.hasSuffix(last) && $0 != path }).min() else { return nil }
        return try Self.read(try await list(["-e", "-find", other])).first.map { "\($0.Dir)/\(name)" }
    }

    /// `go list -json` writes one document after the other, each closed by a brace at the start of a line.
    private static func read(_ text: String) throws -> [Package] {
        try text.components(separatedBy: "\n}").filter { $0.contains("{") }.map {
            try JSONDecoder().decode(Package.self, from: Data("\($0)\n}".utf8))
        }
    }
}
