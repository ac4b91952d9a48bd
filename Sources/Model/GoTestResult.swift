/// How one test of a package ended.
public struct GoTestResult: Hashable, Codable, Sendable {
    /// How it ended, as `go test -json` says (go doc test2json).
    public enum Outcome: String, Codable, Sendable {
        /// It passed.
        case pass
        /// It failed, or its package does not compile.
        case fail
        /// It chose not to run.
        case skip
    }

    /// The package's import path.
    public let package: String
    /// The test, with its parts behind slashes; empty for the package as a whole.
    public let test: String
    /// How it ended.
    public let outcome: Outcome

    /// Makes a result.
    public init(package: String, test: String, outcome: Outcome) {
        self.package = package
        self.test = test
        self.outcome = outcome
    }
}
