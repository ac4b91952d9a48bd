/// The containerd that a node gets in the place of the machine's: a built package of a Debian suite.
package struct ContainerdSpec: Hashable, Codable, Sendable {
    /// The package that has it, in every suite.
    package static let package = "containerd"
    /// The programs of the package that a node needs.
    package static let programs = ["containerd", "containerd-shim-runc-v2", "ctr"]

    /// The suite, by its code name, whose signed index is asked.
    package let suite: String
    /// The upstream part of the package's version, or a range of such (``DebianVersionRule``); nil for the newest in the suite.
    package let version: String?

    /// Names a suite's containerd.
    package init(suite: String, version: String? = nil) {
        self.suite = suite
        self.version = version
    }

    /// What is asked for, in words: `containerd >=1.7 of Debian trixie`.
    package var words: String { "\(Self.package)\(version.map { " \($0)" } ?? "") from Debian \(suite)" }
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

/// A built package, as a suite's signed index lists it.
package struct LockedPackage: Hashable, Codable, Sendable {
    /// The package's name.
    package let name: String
    /// The suite, by its code name.
    package let suite: String
    /// The exact version, Debian revision included.
    package let version: String
    /// The `.deb` file.
    package let file: LockedFile

    /// Makes a locked package.
    package init(name: String, suite: String, version: String, file: LockedFile) {
        self.name = name
        self.suite = suite
        self.version = version
        self.file = file
    }

    /// What it is, for people: `containerd 1.7.24~ds1-6 of Debian trixie`.
    package var title: String { "\(name) \(version) from Debian \(suite)" }
}
