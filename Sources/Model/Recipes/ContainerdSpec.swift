/// The containerd that a node uses instead of the machine's: a binary package of a Debian suite.
package struct ContainerdSpec: Hashable, Codable, Sendable, CustomStringConvertible {
    /// The name of the package that contains it, in every suite.
    package static let package = "containerd"
    /// The package's programs that a node needs.
    package static let programs = ["containerd", "containerd-shim-runc-v2", "ctr"]

    /// The code name of the suite whose signed index is searched.
    package let suite: String
    /// The upstream part of the package's version, or a range (``DebianVersionRule``); nil for the newest in the suite.
    package let version: String?

    package init(suite: String, version: String? = nil) {
        self.suite = suite
        self.version = version
    }

    /// The request as text: `containerd >=1.7 of Debian trixie`.
    package var description: String { "\(Self.package)\(version.map { " \($0)" } ?? "") from Debian \(suite)" }
}

extension ContainerdSpec {
    init(_ map: YamlMap) throws(Diagnostic) {
        suite = try map.name("suite", extra: "-", like: "a suite's code name such as trixie")
        version = map.has("version") ? try map.text("version") : nil
        if let version, DebianVersionRule(version) == nil {
            throw map.complaint(
                "version", "expected an upstream version such as 1.7.24~ds1, or a range such as '>=1.7', found '\(version)'")
        }
    }
}

/// A binary package, as listed in a suite's signed index.
package struct LockedPackage: Hashable, Codable, Sendable {
    package let name: String
    /// The suite's code name.
    package let suite: String
    /// The exact version, including the Debian revision.
    package let version: String
    /// The `.deb` file.
    package let file: LockedFile

    package init(name: String, suite: String, version: String, file: LockedFile) {
        self.name = name
        self.suite = suite
        self.version = version
        self.file = file
    }

    /// A description: `containerd 1.7.24~ds1-6 of Debian trixie`.
    package var title: String { "\(name) \(version) from Debian \(suite)" }
}
