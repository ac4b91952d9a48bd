import ExitCodes
import Yams

/// kubelet's configuration, merged from several parts: the harness, the recipe, an approach.
package struct KubeletConfiguration: Sendable {
    private var parts: [String]

    /// - Parameter text: a YAML mapping, or nothing.
    package init(_ text: String) { parts = [text] }

    /// Adds fields, as YAML. They replace earlier values of the same fields; mappings are merged recursively.
    package mutating func add(_ text: String) { parts.append(text) }

    /// Returns a copy with more fields.
    package func adding(_ text: String) -> KubeletConfiguration {
        var more = self
        more.add(text)
        return more
    }

    /// The file. Each field appears once. Top-level fields start at the beginning of a line, because the node's init script searches for them and
    /// appends some (``KubeletRelease``).
    ///
    /// - Throws: `Malformed` if a part is not a YAML mapping, or has duplicate keys.
    package var yaml: String {
        get throws {
            var all = Node.Mapping([], .implicit, .block)
            for part in parts {
                let node: Node?
                do { node = try Yams.compose(yaml: part) } catch { throw Malformed(text: part, reason: "\(error)") }
                guard let node else { continue }
                guard let fields = node.mapping else { throw Malformed(text: part, reason: "it is not a mapping") }
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
                all[key] = quotingStrings(in: value)
            }
        }
    }

    /// The value with quotes around strings that would be read as another type without their `!!str`: libyaml's emitter drops tags of plain scalars.
    private static func quotingStrings(in node: Node) -> Node {
        switch node {
        case .scalar(var scalar):
            let isText = "\(node.tag)" == Tag.Name.str.rawValue
            guard scalar.style == .plain, isText, "\(Node(scalar.string).tag)" != Tag.Name.str.rawValue else { return node }
            scalar.style = .doubleQuoted
            return .scalar(scalar)
        case .mapping(var mapping):
            for key in mapping.keys { mapping[key] = mapping[key].map(quotingStrings) }
            return .mapping(mapping)
        case .sequence(var sequence):
            for index in sequence.indices { sequence[index] = quotingStrings(in: sequence[index]) }
            return .sequence(sequence)
        default: return node
        }
    }

    /// A part of a configuration that is not a valid YAML mapping.
    package struct Malformed: ExitStatusError, Sendable, CustomStringConvertible {
        let text: String
        let reason: String

        package var description: String {
            "invalid part of kubelet's configuration: \(reason)\n\(text)\n    Check 'node.kubelet' in the recipe."
        }

        package var exitStatus: ExitStatus { .data }
    }
}
