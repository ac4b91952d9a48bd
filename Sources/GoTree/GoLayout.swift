import ExitCodes
import Model
import Paths

/// How Go builds a tree, according to the tree's own files, and to the recipe where they leave a choice.
package struct GoLayout: Hashable, Sendable {
    /// How Go resolves packages.
    package let mode: Target.Mode
    /// The tree's import path, in `GOPATH` and in its own code.
    package let importPath: String
    /// The Go releases named in the tree's files.
    package let named: [NamedGo]

    package init(mode: Target.Mode, importPath: String, named: [NamedGo] = []) {
        self.mode = mode
        self.importPath = importPath
        self.named = named
    }

    /// Checks whether a Go release can build the tree.
    ///
    /// - Throws: `GoTooOld` if Go itself would refuse; other releases that a tree names are not binding.
    package func check(_ go: Version) throws(GoTooOld) {
        if mode == .workspace, let first = Version("1.22"), go < first {
            throw GoTooOld(
                wanted: "1.22", reason: "go.work with its own vendor/ requires Go 1.22 or newer", taken: go)
        }
        // Go ignores go.mod in GOPATH mode.
        guard mode != .gopath else { return }
        for one in named where one.isRequired {
            guard let wanted = one.version, wanted > go || Self.isUnreadable(one.text, to: go) else { continue }
            throw GoTooOld(wanted: one.text, reason: "\(one.place) requires it, and Go refuses to build with an older release", taken: go)
        }
    }

    /// Before Go 1.21, a Go version in go.mod had two numbers, and three were an error.
    private static func isUnreadable(_ text: String, to go: Version) -> Bool {
        guard let first = Version("1.21"), go < first else { return false }
        return text.split(separator: ".").count > 2
    }

    /// A one-line note about the releases that the tree names in comparison with the selected one; nil if it names none.
    package func note(taken go: Version) -> String? {
        guard !named.isEmpty else { return nil }
        var places: [(text: String, places: [String])] = []
        for one in named {
            if let known = places.firstIndex(where: { $0.text == one.text }) {
                places[known].places.append(one.place)
            } else {
                places.append((one.text, [one.place]))
            }
        }
        let words = places.map { "\($0.text) (\($0.places.joined(separator: ", ")))" }
        return "the tree names Go \(words.joined(separator: ", ")); using Go \(go)"
    }
}

/// The selected Go is older than a tree allows.
package struct GoTooOld: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    /// The oldest allowed release.
    package let wanted: String
    /// The source of the requirement.
    package let reason: String
    /// The selected release.
    package let taken: Version

    /// The problem, the reason, and what to do.
    package var description: String {
        "this tree needs Go \(wanted) or newer, but Go \(taken) was selected: \(reason)\n    Use --go '>=\(wanted)', or set 'toolchain' in the recipe."
    }

    package var exitStatus: ExitStatus { .missing }
}

/// A tree and a recipe contradict each other, or a tree's own files are inconsistent.
package struct GoLayoutError: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    /// What the tree says and where, and what the recipe says.
    package let reason: String
    /// What to do.
    package let advice: String

    /// The reason and the advice.
    package var description: String { "\(reason)\n    \(advice)" }

    package var exitStatus: ExitStatus { .data }
}
