import Approaches
import ArgumentParser
import Building
import FileSystem
import Host
import Model
import SystemPackage

/// What shells complete for arguments that name something of a project or a workspace.
///
/// Names come from files that others may have written, so only plain ones are offered: a shell may run what it completes.
enum Completion {
    /// The most candidates for one word.
    private static let most = 500

    static var recipes: CompletionKind { names { try Catalogue($0).recipeNames } }
    /// Patches by their shortest names.
    static var patches: CompletionKind { names(patchNames) }
    static var approaches: CompletionKind { names { try Catalogue($0).approachNames } }
    /// Recipes and patches, for `patches check`.
    static var recipesAndPatches: CompletionKind { names { try Catalogue($0).recipeNames + patchNames($0) } }
    static var nodes: CompletionKind { names { try list($0.workspace.appending("nodes")) } }
    /// Recorded runs, the newest first.
    static var runs: CompletionKind { names(runNames) }
    /// Runs, and patches, for `diff`.
    static var runsAndPatches: CompletionKind { names { try patchNames($0) + runNames($0) } }
    /// Runs, and recipes, for `diff`.
    static var runsAndRecipes: CompletionKind { names { try Catalogue($0).recipeNames + runNames($0) } }
    static var layouts: CompletionKind { .list(Layout.allCases.map(\.rawValue)) }

    /// A series: patches with commas between them, each at most once, or `none`.
    static var series: CompletionKind {
        .custom { words, index, prefix in
            let word = prefix.isEmpty && words.indices.contains(index) ? words[index] : prefix
            let before = word.split(separator: ",", omittingEmptySubsequences: false).dropLast().map(String.init)
            let head = before.map { "\($0)," }.joined()
            let names = candidates(words, patchNames).filter { !before.contains($0) }
            return (before.isEmpty ? names + ["none"] : names).map { head + $0 }
        }
    }

    private static func names(_ find: @escaping @Sendable (Host) throws -> [String]) -> CompletionKind {
        .custom { words, _, _ in candidates(words, find) }
    }

    /// The plain ones among the names that a search finds. A completion has no place for an error message, so there are none then.
    private static func candidates(_ words: [String], _ find: (Host) throws -> [String]) -> [String] {
        do { return Array(try find(try host(words)).filter(isPlain).prefix(most)) } catch { return [] }
    }

    /// The host that a command line chooses, as far as it is typed.
    private static func host(_ words: [String]) throws -> Host {
        var options = HostOptions()
        for (option, value) in zip(words, words.dropFirst()) {
            switch option {
            case "--workspace": options.workspace = value
            case "--project": options.projects.append(value)
            default: break
            }
        }
        return try Host.current(options)
    }

    /// ASCII letters, digits, `-`, `_`, `.` and `/` between words, each of which begins with a letter or digit.
    static func isPlain(_ name: String) -> Bool {
        name.utf8.count <= 100 && name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)?/) != nil
    }

    private static func list(_ folder: FilePath) throws -> [String] { Files.isDirectory(folder) ? try Files.list(folder) : [] }

    private static func runNames(_ host: Host) throws -> [String] {
        try list(host.workspace.appending("runs")).filter { $0.wholeMatch(of: /[0-9]{8}T[0-9]{6}-[0-9a-f]{1,8}/) != nil }
            .sorted(by: >)
    }

    /// The last component of a patch's name, or all of it if several upstreams have that component.
    private static func patchNames(_ host: Host) throws -> [String] {
        var found: Set<PatchName> = []
        for folder in host.projects.map({ $0.appending("patches") }) {
            for upstream in try list(folder) {
                found.formUnion(
                    try list(folder.appending(upstream)).compactMap { name in
                        let isPatch = Files.exists(folder.appending("\(upstream)/\(name)/patch.yaml"))
                        return isPatch ? PatchName("\(upstream)/\(name)") : nil
                    })
            }
        }
        let shortest = Dictionary(grouping: found, by: \.name).values.flatMap { same in
            same.count == 1 ? same.map(\.name) : same.map(\.description)
        }
        return shortest.sorted()
    }
}
