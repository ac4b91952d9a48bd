import Sanitizing

/// Why a patch does not apply to a tree. The tree is untouched.
public enum ApplyError: Error, Sendable, CustomStringConvertible {
    /// A file that is to be changed or removed is not there.
    case missing(file: String)
    /// A file that is to be made is there.
    case exists(file: String)
    /// A hunk's lines are not in the file. The place is where most of them are.
    case mismatch(file: String, hunk: Int, of: Int, line: Int, expected: String, found: String?)
    /// A hunk's lines are in the file more than once, and none of the places is the one that its header names.
    case ambiguous(file: String, hunk: Int, of: Int, lines: [Int])
    /// What a hunk makes is there, and what it wants to change is not.
    case alreadyApplied(file: String, hunk: Int, of: Int)
    /// libgit2 refused.
    case git(GitError)

    /// Which hunk, where, what was expected, and what stands there.
    public var description: String {
        switch self {
        case .missing(let file): "\(file) is not in the tree"
        case .exists(let file): "\(file) is in the tree already"
        case .mismatch(let file, let hunk, let count, let line, let expected, let found):
            """
            hunk \(hunk) of \(count) of \(file) does not fit: line \(line) is another one
                expected: \(Visible.excerpt(expected))
                found:    \(found.map { Visible.excerpt($0) } ?? "the end of the file")
            """
        case .ambiguous(let file, let hunk, let count, let lines):
            "hunk \(hunk) of \(count) of \(file) fits at more than one place: lines \(Self.list(lines))"
        case .alreadyApplied(let file, let hunk, let count): "hunk \(hunk) of \(count) of \(file) is applied already"
        case .git(let error): error.description
        }
    }

    /// The first few of many numbers.
    private static func list(_ lines: [Int]) -> String {
        let shown = lines.prefix(10).map(String.init).joined(separator: ", ")
        return lines.count > 10 ? "\(shown) and \(lines.count - 10) more" : shown
    }
}
