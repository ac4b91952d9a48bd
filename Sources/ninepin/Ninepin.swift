import ArgumentParser
import Model

struct NinepinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ninepin",
        abstract: "Patch, build and test Kubernetes node binaries for sandboxes.",
        discussion: """
            A recipe defines what to build, and a registry defines the patches to apply. Ninepin then boots the result as a real worker node in a real \
            gVisor sandbox and reports a verdict.

            Examples:
              ninepin run                                  build the recipe's node, boot it, report a verdict
              ninepin matrix --series none --series percpu compare the stock node with a patched one
              ninepin verify --binary ./kubelet            boot any kubelet
              ninepin nightly                              verify a matrix of cells every night
              ninepin up                                   keep a node and its control plane up, for kubectl
              ninepin preflight                            predict how a kubelet would fare here
              ninepin export RUN run.tar.gz                pack a recorded run to hand it to somebody
              ninepin doctor                               show which prerequisites are present or missing

            Exit codes: 0 clean or done; 1 the answer is no; 64 usage error; 65 bad recipe, patch, or data; 69 something is missing or unreachable; \
            70 internal error; 74 output could not be written; 124 not finished within --timeout; 130 and 143 interrupted.

            If the answer cannot be written to standard output, the exit code is 74, whatever the answer. It is also 74 if an error message cannot be \
            written to standard error. If only progress cannot be written there, 74 replaces 0, and other codes are unchanged. Writing to a closed pipe \
            ends ninepin with SIGPIPE.

            In text from outside (logs, file names, output of servers and programs), control characters, bidirectional marks, and line breaks are \
            escaped by number, as in \\u{1B}. The user, password, query, and fragment of an address are never shown or stored; each is replaced by ***. \
            Input files must be regular files; devices, sockets, directories, and FIFOs are rejected, except that 'grade' reads a log from a FIFO.
            """,
        version: Ninepin.version,
        subcommands: [
            RunCommand.self, MatrixCommand.self, BisectCommand.self, NightlyCommand.self, ReportCommand.self, FetchCommand.self,
            PatchCommand.self, BuildCommand.self, VerifyCommand.self, GradeCommand.self, InspectCommand.self, HistoryCommand.self,
            DiffCommand.self, RunsCommand.self, ExportCommand.self, QueryCommand.self, CollectCommand.self,
            UpCommand.self, NodesCommand.self, ExecCommand.self, LogsCommand.self, KubeconfigCommand.self, DownCommand.self,
            KeepCommand.self,
            PatchesCommand.self, PullRequestCommand.self, RecipesCommand.self, PreflightCommand.self, DoctorCommand.self,
            VersionCommand.self, ReferenceCommand.self,
        ])
}
