import Archive
import Cluster
import Git
import GitHistory
import GitRemote
import GoToolchain
import Host
import Keeping
import Model
import Node
import Patches
import PullRequests
import Sandbox
import Sources
import Transfer

/// The exit codes of the command line: sysexits(3) where it has one.
public enum ExitStatus: Int32, Sendable {
    /// Clean, or done.
    case good = 0
    /// The answer is no: a verdict that is not clean, a patch that does not apply, a source that does not compile.
    case no = 1
    /// The command line is wrong.
    case usage = 64
    /// A recipe, a patch or data is wrong.
    case data = 65
    /// Something needed is missing or cannot be reached.
    case missing = 69
    /// A fault of Ninepin's.
    case fault = 70
    /// What was to be written could not be: an answer, or a file.
    case output = 74

    /// What an error means for whoever called.
    public init(for error: any Error) {
        switch error {
        case is Diagnostic, is ArchiveError, is TreeFault, is LibraryError, is PackageError, is MailboxError,
            is RecipeIsCode, is GoLayoutError, is OpenAPINeedsGOPATH:
            self = .data
        case is Catalogue.UnknownRecipe, is Catalogue.UnknownApproach, is NoTarget: self = .usage
        case let error as PatchesError:
            switch error {
            case .unknown, .noUpstream, .twice, .noProbe: self = .usage
            case .malformed: self = .data
            case .doesNotApply, .ambiguous, .inUpstream: self = .no
            }
        case let error as PullRequestError:
            switch error {
            case .unknownProject, .notIts, .noVariant, .needsSource, .occupied: self = .usage
            case .noProposal: self = .data
            case .notWanted, .notThere, .testExists: self = .no
            }
        case is AuthorError, is ClusterError: self = .missing
        case is NoControlPlane: self = .usage
        case let error as KeepingError:
            switch error {
            case .name, .exists, .unknown, .noLog: self = .usage
            case .unreadable: self = .data
            case .notUp, .stuck: self = .missing
            }
        case is ApplyError, is RebaseRefused: self = .no
        case is GoBuildError, is PatchNotReached, is FlagNotReached: self = .no
        case let error as FileError where error.isOutput: self = .output
        case is SourceError, is TransferError, is FetchError, is GoMissing, is GoTooOld, is NoTests, is GoWheelError, is ModuleError,
            is RunscMissing,
            is RunscLacks,
            is KubeletProfile.Missing, is ContainerdDoesNotRun, is ApproachPlan.Missing, is Runc.Missing, is HereLacks, is NotRoot,
            is NotEnoughSpace,
            is WorkTreeInUse, is FileError:
            self = .missing
        default: self = .fault
        }
    }
}

extension Run {
    /// Clean is good, and nothing else is.
    public var exitStatus: ExitStatus { verdict.grade == .clean ? .good : .no }
}

extension Matrix {
    /// Whether the table can be relied on and the recipe keeps its promise: every cell has one answer, and the recipe's own series is clean
    /// wherever it was booted. Other series are there to be compared.
    public func exitStatus(for recipe: Recipe) -> ExitStatus {
        let isSettled = cells.allSatisfy { $0.grade != .inconclusive }
        let keepsPromise = cells.filter { $0.series == recipe.series }.allSatisfy { $0.grade == .clean }
        return isSettled && keepsPromise ? .good : .no
    }
}

extension ApproachTable {
    /// Whether the table can be relied on: every row has one answer, and the recipe's own patches, where they are in it, make a clean node.
    public var exitStatus: ExitStatus {
        let isSettled = rows.allSatisfy { $0.outcome != .inconclusive }
        let keepsPromise = rows.filter { $0.name == reference }.allSatisfy { $0.outcome == .clean }
        return isSettled && keepsPromise ? .good : .no
    }
}
