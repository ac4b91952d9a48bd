/// How one test of a package ended.
package struct GoTestResult: Hashable, Codable, Sendable {
    /// How it ended, as `go test -json` says (go doc test2json).
    package enum Outcome: String, Codable, Sendable {
        /// It passed.
        case pass
        /// It failed, or its package does not compile.
        case fail
        /// It chose not to run.
        case skip
    }

    /// The package's import path.
    package let package: String
    /// The test, with its parts behind slashes; empty for the package as a whole.
    package let test: String
    /// How it ended.
    package let outcome: Outcome

    /// Makes a result.
    package init(package: String, test: String, outcome: Outcome) {
        self.package = package
        self.test = test
        self.outcome = outcome
    }
}
