import ExitCodes
import Sanitizing

/// Why a patch does not apply to a tree. The tree is untouched.
package enum ApplyError: ExitStatusError, Sendable, CustomStringConvertible {
    /// What was done to a patch's lines on its way.
    package enum Damage: String, Sendable {
        /// Spaces and tabs are others, or gone.
        case whiteSpace = "white-space damage"
        /// Some letters are written by their numbers.
        case quotedPrintable = "quoted-printable"
    }

    /// A file that is to be changed or removed is not there.
    case missing(file: String)
    /// A file that is to be made is there.
    case exists(file: String)
    /// A hunk's lines are not in the file. The place is where most of them are.
    case mismatch(file: String, hunk: Int, of: Int, line: Int, expected: String, found: String?)
    /// A hunk's lines are in the file but for what a mail program did to them.
    case damaged(file: String, hunk: Int, of: Int, line: Int, by: Damage, expected: String, found: String)
    /// A hunk's lines are in the file, and end in another way.
    case lineEndings(file: String, hunk: Int, of: Int, patchHasReturns: Bool)
    /// A hunk's lines are in the file more than once, and none of the places is the one that its header names.
    case ambiguous(file: String, hunk: Int, of: Int, lines: [Int])
    /// A hunk only adds lines, and the file is not the one that its line number is about.
    case unplaced(file: String, hunk: Int, of: Int)
    /// What a hunk makes is there, and what it wants to change is not.
    case alreadyApplied(file: String, hunk: Int, of: Int)
    /// A file is to be runnable, or not to be, and is so already.
    case modeAlready(file: String)
    /// What is there is no file where the patch says one, or the like.
    case otherKind(file: String, expected: String, found: String)
    /// A file is to be removed, but contains more than the patch removes.
    case remains(file: String)
    /// A binary change is for a file of another content, or makes another one than it says.
    case otherContent(file: String, expected: String, found: String)
    /// What comes of the patch is too large.
    case tooLarge(file: String)
    /// The tree, or the store of its objects, cannot be read or written.
    case unreadable(reason: String)

    /// Which hunk, where, what was expected, and what stands there.
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

    /// The first few of many numbers.
    private static func list(_ lines: [Int]) -> String {
        let shown = lines.prefix(10).map(String.init).joined(separator: ", ")
        return lines.count > 10 ? "\(shown) and \(lines.count - 10) more" : shown
    }

    package var exitStatus: ExitStatus { .no }
}
