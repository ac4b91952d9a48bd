import Model
import Paths

/// What a tree's own files say about how it is built. Reading them does not run anything.
package struct TreeFacts {
    /// Access to the files of a tree.
    package struct Reading {
        /// The content of the file at a path; nil if there is none.
        let file: (String) throws -> [UInt8]?
        /// Whether there is a folder at a path.
        let isFolder: (String) throws -> Bool

        /// Makes a reading from two functions. A file may have at most ``TreeFacts/mostBytes`` bytes; a link does not count as a file.
        package init(file: @escaping (String) throws -> [UInt8]?, isFolder: @escaping (String) throws -> Bool) {
            self.file = file
            self.isFolder = isFolder
        }
    }

    /// The size limit, in bytes, of files read here; the longest one of Kubernetes and k3s has 100 KB.
    package static let mostBytes = 4 << 20
    /// The maximum number of modules in a workspace; Kubernetes has 33.
    static let mostModules = 1000

    private let module: String?
    private let goMod: GoModFile?
    private let goWork: GoModFile?
    private let hasVendor: Bool
    private let isListed: Bool
    private let isVendoredByWorkspace: Bool
    /// The file that turns modules off; nil if none does.
    private let withoutModules: String?
    private let named: [NamedGo]
    private let reading: Reading

    /// Reads the tree's files.
    ///
    /// - Throws: `GoLayoutError` for a file that Go would not accept; errors from `reading`.
    package init(_ reading: Reading) throws {
        self.reading = reading
        goMod = try Self.goFile("go.mod", reading)
        // Parse go.work only if it is used: an unused one may contain anything.
        let list = try reading.file("vendor/modules.txt")
        isListed = list != nil
        isVendoredByWorkspace = Self.isOfWorkspace(list ?? [])
        goWork = isVendoredByWorkspace ? try Self.goFile("go.work", reading) : nil
        hasVendor = try reading.isFolder("vendor")
        module = try goMod?.module.map(Self.checked)
        withoutModules = try reading.file("Dockerfile.dapper").flatMap { Self.turnsModulesOff($0) ? "Dockerfile.dapper" : nil }
        named = Self.named(goMod: goMod, goWork: goWork) + (try Self.goVersion(reading))
    }

    /// How to build the tree.
    ///
    /// - Parameters:
    ///   - asked: the mode in the recipe; nil if the recipe leaves it to the tree.
    ///   - importPath: the import path in the recipe.
    ///   - recipe: the recipe's name, for messages.
    /// - Throws: `GoLayoutError` if the recipe contradicts the tree, or neither provides enough information.
    package func layout(mode asked: Target.Mode?, importPath: String?, recipe: String) throws -> GoLayout {
        let mode = try asked ?? ownMode(recipe)
        if asked != nil, let contradiction = contradiction(to: mode) {
            throw GoLayoutError(
                reason: "recipe '\(recipe)' says 'mode: \(mode.rawValue)', but the tree contradicts it: \(contradiction)",
                advice: "Remove 'mode' from the recipe, or set 'mode: tree' to follow the tree's own files.")
        }
        if mode == .workspace { try checkWorkspace() }
        if mode == .modules { try checkReplacements(of: goMod, in: .top, file: "go.mod") }
        return GoLayout(mode: mode, importPath: try self.importPath(importPath, mode: mode, recipe: recipe), named: named)
    }

    /// The layout of a library, which is always compiled in a `GOPATH`.
    ///
    /// - Throws: `GoLayoutError`.
    package func layout(ofLibraryAt importPath: String?, recipe: String) throws(GoLayoutError) -> GoLayout {
        GoLayout(mode: .gopath, importPath: try self.importPath(importPath, mode: .gopath, recipe: recipe), named: named)
    }

    // MARK: The mode

    private func ownMode(_ recipe: String) throws(GoLayoutError) -> Target.Mode {
        if withoutModules != nil || goMod == nil { return .gopath }
        guard hasVendor else { return .modules }
        guard isVendoredByWorkspace else { return .vendor }
        guard goWork != nil else {
            throw GoLayoutError(
                reason: "the tree contradicts itself: vendor/modules.txt begins with '## workspace', but there is no go.work",
                advice:
                    "Check that the source is complete. With 'mode: gopath' in the recipe, it is built without modules if it has all packages."
            )
        }
        return .workspace
    }

    /// Why the tree cannot be built in a mode, or would be built without the patched code; nil if the mode is possible.
    private func contradiction(to mode: Target.Mode) -> String? {
        switch mode {
        case .gopath:
            // The workspace's other modules are next to vendor/, where GOPATH mode does not find them.
            isVendoredByWorkspace && modulesOfWorkspace.contains { $0 != "." && $0 != "./" }
                ? "vendor/modules.txt begins with '## workspace', and go.work names modules that GOPATH does not find: mode 'workspace'"
                : nil
        case .vendor:
            if !hasVendor {
                "it has no folder vendor/: mode '\(goMod == nil ? "gopath" : "modules")'"
            } else if goMod == nil {
                "it has no go.mod, so Go cannot use modules: mode 'gopath'"
            } else if isVendoredByWorkspace {
                "vendor/modules.txt begins with '## workspace': mode 'workspace'"
            } else {
                nil
            }
        case .workspace:
            if !isVendoredByWorkspace {
                "\(hasVendor ? "vendor/modules.txt does not begin with '## workspace'" : "it has no folder vendor/")"
            } else if goWork == nil {
                "it has no go.work"
            } else {
                nil
            }
        case .modules:
            if goMod == nil {
                "it has no go.mod: mode 'gopath'"
            } else if let withoutModules {
                "\(withoutModules) turns modules off (GO111MODULE): mode 'gopath'"
            } else if isListed {
                "it vendors its modules (vendor/modules.txt), and patches there would not be compiled: mode '\(isVendoredByWorkspace ? "workspace" : "vendor")'"
            } else {
                nil
            }
        }
    }

    // MARK: The import path

    private func importPath(_ asked: String?, mode: Target.Mode, recipe: String) throws(GoLayoutError) -> String {
        guard let path = asked ?? module else {
            throw GoLayoutError(
                reason:
                    "the tree's import path is unknown: recipe '\(recipe)' has no 'importPath', and the tree has \(goMod == nil ? "no go.mod" : "no 'module' in its go.mod")",
                advice: "Set 'importPath' in the recipe.")
        }
        guard let module, module != path, !(mode == .gopath && Self.isMajorVersion(module, of: path)) else { return path }
        throw GoLayoutError(
            reason: "recipe '\(recipe)' says 'importPath: \(path)', but the tree's go.mod says 'module \(module)'",
            advice: "Remove 'importPath' from the recipe: the tree determines it. Flags can use {importPath}.")
    }

    /// In `GOPATH` mode, the path of a module's folder has no `/v2` (go help gopath-get, "minimal module compatibility").
    private static func isMajorVersion(_ module: String, of path: String) -> Bool {
        module.wholeMatch(of: /(.+)\/v[0-9]+/).map { $0.1 == path } ?? false
    }

    /// Checks a module's path, because it becomes a folder's path and is used in flags.
    private static func checked(_ path: String) throws(GoLayoutError) -> String {
        let signs = "-._~/".utf8
        let isGood = path.utf8.allSatisfy { byte in
            signs.contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        guard isGood, let contained = ContainedPath(path), contained != .top,
            !contained.parts.contains(where: { $0.first == UInt8(ascii: "-") })
        else {
            throw GoLayoutError(
                reason: "the tree's go.mod has an invalid module path: \(ContainedPath.quoted(path.utf8))",
                advice: "Check the origin of the source: Go would not accept it either.")
        }
        return path
    }

    // MARK: A workspace

    private var modulesOfWorkspace: [String] { goWork?.all("use").compactMap(\.first) ?? [] }

    /// Checks that all paths in go.work stay inside the tree, and that each of its modules exists.
    private func checkWorkspace() throws {
        guard let goWork else { return }
        let known: Set = ["go", "toolchain", "godebug", "use", "replace"]
        for line in goWork.lines where !known.contains(line.verb) {
            throw Self.refused("unknown directive \(ContainedPath.quoted(line.verb.utf8))")
        }
        guard modulesOfWorkspace.count <= Self.mostModules else { throw Self.refused("it lists more than \(Self.mostModules) modules") }
        try checkReplacements(of: goWork, in: .top, file: "go.work")
        for words in goWork.all("use") {
            guard words.count == 1, let folder = words.first else { throw Self.refused("a 'use' does not name exactly one folder") }
            guard let place = Self.place(folder, in: .top) else {
                throw Self.refused("'use \(ContainedPath.quoted(folder.utf8))' points outside the tree")
            }
            let file = place == .top ? "go.mod" : "\(place)/go.mod"
            guard try place == .top || reading.isFolder(place.description), let own = try Self.goFile(file, reading) else {
                throw Self.refused("'use \(ContainedPath.quoted(folder.utf8))' is not a folder of the tree with a go.mod")
            }
            try checkReplacements(of: own, in: place, file: file)
        }
    }

    private func checkReplacements(of file: GoModFile?, in folder: ContainedPath, file name: String) throws(GoLayoutError) {
        for replaced in file?.replacedByFolders ?? [] where Self.place(replaced, in: folder) == nil {
            throw Self.refused("'replace … => \(ContainedPath.quoted(replaced.utf8))' points outside the tree", file: name)
        }
    }

    /// The folder that a relative path leads to from a folder of the tree; nil if it leads out of the tree.
    private static func place(_ path: String, in folder: ContainedPath) -> ContainedPath? {
        guard path.utf8.first != UInt8(ascii: "/") else { return nil }
        var parts = folder.parts
        for part in path.utf8.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
            if part.elementsEqual("..".utf8) {
                guard parts.popLast() != nil else { return nil }
            } else {
                parts.append(Array(part))
            }
        }
        return parts.isEmpty ? .top : try? ContainedPath(Array(parts.joined(separator: [UInt8(ascii: "/")])))
    }

    private static func refused(_ reason: String, file: String = "go.work") -> GoLayoutError {
        GoLayoutError(
            reason: "the tree's \(file) is rejected: \(reason)",
            advice: "Go would read files outside the source. Check the origin of the source.")
    }

    // MARK: Single files

    private static func goFile(_ path: String, _ reading: Reading) throws -> GoModFile? {
        guard let bytes = try reading.file(path) else { return nil }
        do throws(GoModFile.Unreadable) { return try GoModFile(String(decoding: bytes, as: UTF8.self)) } catch {
            throw GoLayoutError(
                reason: "the tree's \(path) cannot be read\(error.line > 0 ? ": line \(error.line)" : ""): \(error.reason)",
                advice: "Go would not accept it either.")
        }
    }

    /// Tests this as Go does (cmd/go/internal/modload, modulesTextIsForWorkspace): for a word in the first line, where `;` separates words.
    private static func isOfWorkspace(_ list: [UInt8]) -> Bool {
        let line = String(decoding: list.prefix { $0 != UInt8(ascii: "\n") }.prefix(4096), as: UTF8.self)
        guard line.hasPrefix("## ") else { return false }
        return line.dropFirst(3).split(separator: ";").contains { $0.trimmed == "workspace" }
    }

    /// Whether the last assignment to `GO111MODULE` in a Dockerfile is `off`: `ENV NAME VALUE`, or `ENV NAME=VALUE …` (Dockerfile
    /// reference, ENV).
    private static func turnsModulesOff(_ file: [UInt8]) -> Bool {
        let text = String(decoding: file, as: UTF8.self).replacing("\\\r\n", with: " ").replacing("\\\n", with: " ")
        var isOff = false
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            guard words.first?.uppercased() == "ENV", words.count >= 2 else { continue }
            if words[1] == "GO111MODULE" { isOff = words.count == 3 && unquoted(words[2]) == "off" }
            for word in words.dropFirst() {
                guard let value = word.wholeMatch(of: /GO111MODULE=(.*)/)?.1 else { continue }
                isOff = unquoted(String(value)) == "off"
            }
        }
        return isOff
    }

    private static func unquoted(_ word: String) -> String { word.filter { $0 != "\"" && $0 != "'" } }

    private static func named(goMod: GoModFile?, goWork: GoModFile?) -> [NamedGo] {
        [("go.work", goWork), ("go.mod", goMod)].flatMap { place, file in
            [
                file?.first("go").map { NamedGo(place: place, text: shown($0), isRequired: true) },
                file?.first("toolchain").map { NamedGo(place: "toolchain of \(place)", text: shown($0), isRequired: false) },
            ].compactMap(\.self)
        }
    }

    private static func goVersion(_ reading: Reading) throws -> [NamedGo] {
        guard let bytes = try reading.file(".go-version"),
            let line = String(decoding: bytes.prefix(4096), as: UTF8.self).split(whereSeparator: \.isNewline).first
        else { return [] }
        return [NamedGo(place: ".go-version", text: shown(line.trimmed), isRequired: false)]
    }

    /// A release for display: without the leading `go`; quoted if it is not a valid version.
    private static func shown(_ text: String) -> String {
        if let version = Version(text) { return version.plain }
        return text.wholeMatch(of: /(go)?[0-9][A-Za-z0-9.+~_-]{0,60}/) != nil ? text : ContainedPath.quoted(text.utf8.prefix(80))
    }
}

extension Substring {
    fileprivate var trimmed: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
        return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}
