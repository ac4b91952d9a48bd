import Building
import ExitCodes
import Host
import Model
import Proving
import SystemPackage

/// There is no approach of a name.
package struct UnknownApproach: ExitStatusError, Sendable, CustomStringConvertible {
    /// What was asked for.
    package let name: String
    /// The nearest known name, or all of them.
    package let advice: String

    /// What is not there, and what is.
    package var description: String { "there is no approach\(name.isEmpty ? "" : " '\(name)'"): \(advice)" }

    package var exitStatus: ExitStatus { .usage }
}

extension Catalogue {
    /// Reads all approaches, in the order of their table, or those that are named.
    ///
    /// - Throws: `UnknownApproach`; `Diagnostic` for a mistake in one; `FileError`.
    package func approaches(named names: [String]) throws -> [Approach] {
        let known = Files.names(in: approaches).filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(".yaml".count)) }
        for name in names where !known.contains(name) {
            throw UnknownApproach(name: name, advice: Spelling.advice(for: name, among: known))
        }
        // A table without a row would have nothing wrong in it.
        guard !known.isEmpty else { throw UnknownApproach(name: "", advice: "\(approaches) has no files") }
        let all = try known.filter { names.isEmpty || names.contains($0) }.map { name in
            let file = approaches.appending("\(name).yaml")
            return try Approach(yaml: try Files.readYaml(file), file: file.string, name: name)
        }
        return all.sorted { ($0.order, $0.name) < ($1.order, $1.name) }
    }
}

extension Doctor {
    /// What the approaches need.
    package static let approaches = DoctorCheck("approaches") { host in
        let catalogue = Catalogue(host)
        let approaches = try catalogue.approaches(named: [])
        // Which kubelet it is decides only its arguments.
        let version = try catalogue.recipe(catalogue.recipeNames.first ?? "").version
        for approach in approaches { _ = try ApproachPlan(approach, version: version, folder: catalogue.approaches, on: host) }
        return "\(approaches.count), all can be booted"
    }
}
