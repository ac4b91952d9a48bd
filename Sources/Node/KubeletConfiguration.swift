import ExitCodes
import Yams

/// kubelet's configuration, put together of what several have to say of it: the harness, the recipe, an approach.
package struct KubeletConfiguration: Sendable {
    private var parts: [String]

    /// - Parameter text: fields as YAML: a mapping, or nothing.
    package init(_ text: String) { parts = [text] }

    /// Adds fields, as YAML. What was said before of the same field no longer holds, but where both are mappings: those are merged in the same way.
    package mutating func add(_ text: String) { parts.append(text) }

    /// The same with more fields.
    package func adding(_ text: String) -> KubeletConfiguration {
        var more = self
        more.add(text)
        return more
    }

    /// The file: each field once, one that is no part of another at the beginning of its line, in the order in which they were first named. The first
    /// program of a node looks for fields so, and adds some (``KubeletRelease``).
    ///
    /// - Throws: `Malformed` for a part that is no mapping of YAML, or has a key twice.
    package var yaml: String {
        get throws {
            var all = Node.Mapping([], .implicit, .block)
            for part in parts {
                let node: Node?
                do { node = try Yams.compose(yaml: part) } catch { throw Malformed(text: part, reason: "\(error)") }
                guard let node else { continue }
                guard let fields = node.mapping else { throw Malformed(text: part, reason: "it is no mapping") }
                Self.merge(fields, into: &all)
            }
            return try Yams.serialize(node: .mapping(all), width: -1, allowUnicode: true)
        }
    }

    private static func merge(_ fields: Node.Mapping, into all: inout Node.Mapping) {
        for (key, value) in fields {
            if var inner = all[key]?.mapping, let more = value.mapping {
                merge(more, into: &inner)
                all[key] = .mapping(inner)
            } else {
                all[key] = value
            }
        }
    }

    /// A part of a configuration that no kubelet could read.
    package struct Malformed: ExitStatusError, Sendable, CustomStringConvertible {
        let text: String
        let reason: String

        /// The part, what is wrong with it, and where to look.
        package var description: String {
            "kubelet's configuration cannot be put together of this part: \(reason)\n\(text)\n    Look at 'node.kubelet' of the recipe."
        }

        package var exitStatus: ExitStatus { .data }
    }
}
