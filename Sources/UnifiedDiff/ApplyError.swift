import ExitCodes
import Sanitizing

/// Why a patch does not apply to a tree. The tree is unchanged.
package enum ApplyError: ExitStatusError, Sendable, CustomStringConvertible {
    /// How a patch's lines were damaged in transit.
    package enum Damage: String, Sendable {
        /// Spaces and tabs were changed or removed.
        case whiteSpace = "white-space damage"
        /// Some characters are encoded by their byte values.
        case quotedPrintable = "quoted-printable"
    }

    /// A file to be changed or removed does not exist.
    case missing(file: String)
    /// A file to be created already exists.
    case exists(file: String)
    /// A hunk's lines are not in the file. The position is where most of them match.
    case mismatch(file: String, hunk: Int, of: Int, line: Int, expected: String, found: String?)
    /// A hunk's lines match the file except for damage done by a mail program.
    case damaged(file: String, hunk: Int, of: Int, line: Int, by: Damage, expected: String, found: String)
    /// A hunk's lines are in the file, but with other line endings.
    case lineEndings(file: String, hunk: Int, of: Int, patchHasReturns: Bool)
    /// A hunk's lines occur in the file more than once, and never at the line that its header names.
    case ambiguous(file: String, hunk: Int, of: Int, lines: [Int])
    /// A hunk only adds lines, and the file is not the one that its line number refers to.
    case unplaced(file: String, hunk: Int, of: Int)
    /// The hunk's result is already in the file, and the lines that it changes are not.
    case alreadyApplied(file: String, hunk: Int, of: Int)
    /// A file already has the executable bit that the patch sets, or already lacks the one that it clears.
    case modeAlready(file: String)
    /// The path holds another kind of entry than the patch expects, for example a folder instead of a file.
    case otherKind(file: String, expected: String, found: String)
    /// A file to be removed contains more than the lines that the patch removes.
    case remains(file: String)
    /// A binary change expects other content than the file has, or its result does not match its ID.
    case otherContent(file: String, expected: String, found: String)
    /// The patch's result is too large.
    case tooLarge(file: String)
    /// The tree or its object store cannot be read or written.
    case unreadable(reason: String)

    /// Which hunk failed, where, what was expected, and what was found.
    package var description: String {
        switch self {
        case .missing(let file): "\(Self.shown(file)) is not in the tree"
        case .exists(let file): "\(Self.shown(file)) is already in the tree"
        case .mismatch(let file, let hunk, let count, let line, let expected, let found):
            """
            hunk \(hunk) of \(count) of \(Self.shown(file)) does not apply: line \(line) differs
                expected: \(Visible.excerpt(expected))
                found:    \(found.map { Visible.excerpt($0) } ?? "the end of the file")
            """
        case .damaged(let file, let hunk, let count, let line, let damage, let expected, let found):
            """
            hunk \(hunk) of \(count) of \(Self.shown(file)) does not apply: the patch has \(damage.rawValue) at line \(line)
                expected: \(Visible.excerpt(expected))
                found:    \(Visible.excerpt(found))
                A mail program may have caused this; get the patch as a file.
            """
        case .lineEndings(let file, let hunk, let count, let patchHasReturns):
            """
            hunk \(hunk) of \(count) of \(Self.shown(file)) does not apply: line endings differ, \(patchHasReturns
                ? "the patch's lines end with CR LF and the file's with LF" : "the patch's lines end with LF and the file's with CR LF")
            """
        case .ambiguous(let file, let hunk, let count, let lines):
            "hunk \(hunk) of \(count) of \(Self.shown(file)) applies in more than one place: lines \(Self.list(lines))"
        case .unplaced(let file, let hunk, let count):
            """
            hunk \(hunk) of \(count) of \(Self.shown(file)) does not apply: it only adds lines and has no context to locate them
                The file differs from the one the patch was made from. Recreate the patch with context lines ('git diff -U3').
            """
        case .alreadyApplied(let file, let hunk, let count): "hunk \(hunk) of \(count) of \(Self.shown(file)) is already applied"
        case .modeAlready(let file): "\(Self.shown(file)) already has the mode that the patch sets"
        case .otherKind(let file, let expected, let found): "\(Self.shown(file)) is \(found), but the patch is for \(expected)"
        case .remains(let file): "\(Self.shown(file)) is to be removed, but contains more than the patch removes"
        case .otherContent(let file, let expected, let found):
            "\(Self.shown(file)) is not the file that the binary change is for: expected the content \(Visible.excerpt(expected)), found \(found)"
        case .tooLarge(let file): "\(Self.shown(file)): the patched file is too large"
        case .unreadable(let reason): reason
        }
    }

    private static func shown(_ file: String) -> String { Visible.excerpt(Visible.line(file)) }

    /// The first 10 numbers, and how many more there are.
    private static func list(_ lines: [Int]) -> String {
        let shown = lines.prefix(10).map(String.init).joined(separator: ", ")
        return lines.count > 10 ? "\(shown) and \(lines.count - 10) more" : shown
    }

    package var exitStatus: ExitStatus { .no }
}
