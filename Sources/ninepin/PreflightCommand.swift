import ExitCodes
import ArgumentParser
import Building
import Model
import Patches
import Preflight
import Proving
import Report

struct PreflightCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "preflight", abstract: "What a kubelet would come to in this very place, and why.",
        discussion: """
            Looks at the sandbox, the file systems and the cgroups that this process sees, and says what a boot would come to, which patches \
            would change that, and where each rule comes from. Needs no root, starts no program and changes nothing. Where the evidence does not \
            suffice the prediction is 'inconclusive', with the reason. In gVisor it tells first what its owner can change so that no patch is needed. `--fix` prints all that can be done, to copy. `ninepin verify --sandbox here` boots, and so knows.

            Exit code 0 means that the place was looked at, whatever the prediction; 64 that the command line is wrong.

            Examples:
              ninepin preflight
              ninepin preflight --series percpu,9p-source
              ninepin preflight --kubelet 1.36.2
              ninepin preflight --kubelet 1.35.2 --json | jq .prediction
              ninepin preflight --kubelet-dir /data/kubelet
              ninepin preflight --fix
            """,
        aliases: ["here"])

    @Option(help: ArgumentHelp("The kubelet's version; boots were measured with the one that is the default.", valueName: "version"))
    var kubelet = Forecast.measured
    @OptionGroup var series: PredictedSeries
    @Option(help: ArgumentHelp("kubelet's directory; it need not be there.", valueName: "dir")) var kubeletDir = NodePath.kubelet
    @Flag(
        help: ArgumentHelp(
            "Print what to do as one script for a shell, each step with who must do it and where; nothing is done. With --json, as data."))
    var fix = false
    @OptionGroup var global: GlobalOptions

    /// The output of `--fix --json`.
    private struct FixDocument: Encodable {
        let fixes: [PreflightFinding.Fix]
        let script: String
    }

    func validate() throws {
        guard Version(kubelet) != nil else { throw ValidationError("--kubelet takes a version such as 1.20.2, found '\(kubelet)'") }
        guard kubeletDir.hasPrefix("/") else {
            throw ValidationError("--kubelet-dir takes a path that begins with '/', found '\(kubeletDir)'")
        }
        _ = try series.patches
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        guard let version = Version(kubelet) else { return .usage }
        let place = HostFacts.reading(kubeletDirectory: kubeletDir)
        let rules = try context.catalogue.registry().entries
        let finding = PreflightFinding(place, version: version, series: try series.patches, rules: rules)
        guard fix else {
            try context.show(finding) { $0.place(finding) }
            return .good
        }
        let script = finding.script
        try context.show(FixDocument(fixes: finding.fixes, script: script)) { $0.lines(script) }
        return .good
    }
}

/// The patches that a prediction assumes.
struct PredictedSeries: ParsableArguments {
    @Option(help: ArgumentHelp("Patches with commas between, or 'none' for a stock kubelet.", valueName: "names"))
    var series: SeriesNames?

    /// The patches. Each must have an effect that the prediction knows.
    var patches: [KnownPatch] {
        get throws {
            try (series?.names ?? []).map { name in
                guard let patch = KnownPatch(named: name) else {
                    let known = KnownPatch.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("what '\(name)' changes is not known to a prediction; known are \(known)")
                }
                return patch
            }
        }
    }
}
