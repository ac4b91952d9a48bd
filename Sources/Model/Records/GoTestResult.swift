/// The result of a test in a package.
package struct GoTestResult: Hashable, Codable, Sendable {
    /// The outcome, as reported by `go test -json` (go doc test2json).
    package enum Outcome: String, Codable, Sendable {
        /// The test passed.
        case pass
        /// The test failed, or its package does not compile.
        case fail
        /// The test was skipped.
        case skip
    }

    /// The package's import path.
    package let package: String
    /// The test, with subtests separated by slashes; empty for the package as a whole.
    package let test: String
    package let outcome: Outcome

    package init(package: String, test: String, outcome: Outcome) {
        self.package = package
        self.test = test
        self.outcome = outcome
    }
}
