import ExitCodes
import Model
import Paths

/// How Go is to build a tree: by what the tree's own files say, and by the recipe where they leave a choice.
package struct GoLayout: Hashable, Sendable {
    /// How Go finds packages.
    package let mode: Target.Mode
    /// Where the tree stands, in `GOPATH` and to its own code.
    package let importPath: String
    /// Which releases of Go the tree's files name.
    package let named: [NamedGo]

    /// Makes a layout.
    package init(mode: Target.Mode, importPath: String, named: [NamedGo] = []) {
        self.mode = mode
        self.importPath = importPath
        self.named = named
    }

    /// Looks whether a release of Go would take the tree.
    ///
    /// - Throws: `GoTooOld` where Go itself would refuse; nothing else that a tree names is an order.
    package func check(_ go: Version) throws(GoTooOld) {
        if mode == .workspace, let first = Version("1.22"), go < first {
            throw GoTooOld(
                wanted: "1.22", reason: "go.work with its own vendor/ requires Go 1.22 or newer", taken: go)
        }
        // GOPATH knows no go.mod.
        guard mode != .gopath else { return }
        for one in named where one.isRequired {
            guard let wanted = one.version, wanted > go || Self.isUnreadable(one.text, to: go) else { continue }
            throw GoTooOld(wanted: one.text, reason: "\(one.place) requires it, and Go refuses to build with an older release", taken: go)
        }
    }

    /// Before Go 1.21 a go.mod named two numbers, and three were an error.
    private static func isUnreadable(_ text: String, to go: Version) -> Bool {
        guard let first = Version("1.21"), go < first else { return false }
        return text.split(separator: ".").count > 2
    }

    /// What the tree names beside what was taken: one line for people; nil when it names nothing.
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

/// The Go that was taken is older than a tree allows.
package struct GoTooOld: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    /// The oldest that is allowed.
    package let wanted: String
    /// What asks for it.
    package let reason: String
    /// The release that was taken.
    package let taken: Version

    /// What, why, and what to do.
    package var description: String {
        "this tree needs Go \(wanted) or newer, but Go \(taken) was selected: \(reason)\n    Use --go '>=\(wanted)', or set 'toolchain' in the recipe."
    }

    package var exitStatus: ExitStatus { .missing }
}

/// A tree and a recipe say different things, or a tree's own files lead nowhere.
package struct GoLayoutError: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong: what the tree says and where, and what the recipe says.
    package let reason: String
    /// What to do.
    package let advice: String

    /// What, why, and what to do.
    package var description: String { "\(reason)\n    \(advice)" }

    package var exitStatus: ExitStatus { .data }
}
