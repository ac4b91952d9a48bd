import Model

/// The version of each module that a tree builds with, from its own `vendor/modules.txt` or `go.mod` (go.dev/ref/mod).
package struct ModuleVersions: Hashable, Sendable {
    private var versions: [String: Version] = [:]

    /// Reads `vendor/modules.txt`: one line `# MODULE VERSION` or `# MODULE VERSION => MODULE VERSION` per module.
    package init(modulesTxt text: String) {
        for line in text.split(separator: "\n") where line.hasPrefix("# ") { note(line.dropFirst(2).words) }
    }

    /// Reads `go.mod`: its `require` and `replace` lines, single or in blocks. A replacement by a folder has no version.
    package init(goMod text: String) {
        var block: Substring?
        var replaced: [[Substring]] = []
        for line in text.split(separator: "\n") {
            var words = line.prefix { $0 != "\r" }.words
            if let comment = words.firstIndex(where: { $0.hasPrefix("//") }) { words = Array(words[..<comment]) }
            guard let first = words.first else { continue }
            if first == ")" {
                block = nil
            } else if words.count == 2, words[1] == "(" {
                block = first
            } else {
                let verb = block ?? first
                let rest = block == nil ? Array(words.dropFirst()) : words
                if verb == "require" { note(rest) } else if verb == "replace" { replaced.append(rest) }
            }
        }
        for words in replaced { replace(words) }
    }

    /// A module's version; nil if the tree does not specify it.
    package subscript(module: String) -> Version? { versions[module] }

    /// The version of the module that contains a package, by the package's import path; nil if the tree does not specify it.
    package func version(ofPackage path: String) -> Version? {
        versions.filter { "\(path)/".hasPrefix("\($0.key)/") }.max { $0.key.utf8.count < $1.key.utf8.count }?.value
    }

    private mutating func note(_ words: [Substring]) {
        guard words.count >= 2, let version = Version(String(words[1])) else { return replace(words) }
        // A zero version is a placeholder for a module replaced by a folder of the tree, as in Kubernetes.
        if version.numbers.allSatisfy({ $0 == 0 }), version.prerelease == nil, words.count == 4, words[2] == "=>" { return }
        versions[String(words[0])] = version
        if words.count >= 3 { replace(words) }
    }

    /// `MODULE [VERSION] => MODULE VERSION`: the replacement is what is compiled.
    private mutating func replace(_ words: [Substring]) {
        guard let arrow = words.firstIndex(of: "=>"), let module = words.first, words.count == arrow + 3,
            let version = Version(String(words[arrow + 2]))
        else { return }
        versions[String(module)] = version
    }
}

extension Substring {
    fileprivate var words: [Substring] { split { $0 == " " || $0 == "\t" } }
}
