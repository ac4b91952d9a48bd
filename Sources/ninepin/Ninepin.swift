import ArgumentParser
import Model

struct NinepinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ninepin",
        abstract: "Patch, build and prove Kubernetes node binaries for sandboxes.",
        discussion: """
            A recipe says what to build, a registry says which patches it takes, and a real worker node, booted in a real gVisor sandbox, says \
            whether it was worth it.

            Examples:
              ninepin run                                  build the recipe's node, boot it, and say what came of it
              ninepin matrix --series none --series percpu compare the stock node with a patched one
              ninepin verify --binary ./kubelet            boot a kubelet from anywhere
              ninepin up                                   keep a node with its control plane running, for kubectl
              ninepin preflight                            what a kubelet would come to in this very place, and why
              ninepin doctor                               what is here, what is missing, how to get it

            Exit codes: 0 clean or done; 1 the answer is no; 64 usage; 65 bad recipe, patch or data; 69 something needed is missing or cannot \
            be reached; 70 a fault of ninepin's; 74 an answer or a file could not be written; 130 and 143 interrupted.

            When standard output does not take the answer, the code is 74, whatever the answer is. When standard error does not take the words of \
            a failure, it is 74 too; when it does not take progress, it is 74 in the place of 0, and any other answer keeps its own. A pipe that \
            nobody reads ends ninepin by SIGPIPE.

            What comes from outside (logs, names of files, servers' and programs' words) is shown with control characters, marks of writing \
            direction and line breaks as \\u{1B}, by their number. Of an address no user, password, query or fragment is shown or kept: *** stands \
            for each. Files are regular files: a device, a socket, a directory or a FIFO is refused, except that 'grade' takes a log from a FIFO.
            """,
        version: Ninepin.version,
        subcommands: [
            RunCommand.self, MatrixCommand.self, FetchCommand.self, PatchCommand.self, BuildCommand.self, VerifyCommand.self,
            GradeCommand.self, InspectCommand.self,
            UpCommand.self, NodesCommand.self, ExecCommand.self, LogsCommand.self, KubeconfigCommand.self, DownCommand.self,
            KeepCommand.self,
            PatchesCommand.self, PullRequestCommand.self, RecipesCommand.self, PreflightCommand.self, DoctorCommand.self,
            ReferenceCommand.self,
        ])
}
