import Building
import ExitCodes
import FileSystem
import Host
import Model
import Proving
import SystemPackage

/// No approach has the requested name.
package struct UnknownApproach: ExitStatusError, Sendable, CustomStringConvertible {
    /// The requested name.
    package let name: String
    /// The nearest known name, or all of them.
    package let advice: String

    /// The unknown name, and the known ones.
    package var description: String { "there is no approach\(name.isEmpty ? "" : " '\(name)'"): \(advice)" }

    package var exitStatus: ExitStatus { .usage }
}

extension Catalogue {
    /// The approaches' names, sorted.
    ///
    /// - Throws: `NoProject`; `NameTwice`; `FileError`.
    package var approachNames: [String] {
        get throws { try approachPlaces().keys.sorted() }
    }

    /// Reads all approaches, or only the named ones, in the order of their table.
    ///
    /// - Throws: `UnknownApproach`; `Diagnostic` for an error in one of them; `FileError`.
    package func approaches(named names: [String]) throws -> [Approach] {
        let places = try approachPlaces()
        let known = places.keys.sorted()
        for name in names where !known.contains(name) {
            throw UnknownApproach(name: name, advice: Spelling.advice(for: name, among: known))
        }
        // A table without rows would always count as a success.
        guard !known.isEmpty else { throw UnknownApproach(name: "", advice: "no approaches/ of this project has files") }
        let all = try known.filter { names.isEmpty || names.contains($0) }.map { name in
            let folder = places[name] ?? ""
            let file = folder.appending("\(name).yaml")
            let text = try Files.readYaml(try Files.confined(file, to: folder))
            return try Approach(yaml: text, file: file.string, name: name)
        }
        return all.sorted { ($0.order, $0.name) < ($1.order, $1.name) }
    }

    /// The folder of each approach's file.
    ///
    /// - Throws: `NoProject`; `NameTwice`; `FileError`.
    func approachPlaces() throws -> [String: FilePath] {
        try names(in: "approaches", "approach") { $0.hasSuffix(".yaml") ? String($0.dropLast(".yaml".count)) : nil }
            .mapValues { $0.appending("approaches") }
    }
}

extension Doctor {
    /// The prerequisites of the approaches.
    package static let approaches = DoctorCheck("approaches", for: .approaches) { host in
        let catalogue = Catalogue(host)
        let approaches = try catalogue.approaches(named: [])
        // The version affects only kubelet's arguments.
        let version = try catalogue.recipe(catalogue.recipeNames.first ?? "").version
        let places = try catalogue.approachPlaces()
        for approach in approaches {
            _ = try ApproachPlan(approach, version: version, folder: places[approach.name] ?? host.project, on: host)
        }
        return "\(approaches.count), all can be booted"
    }
}
