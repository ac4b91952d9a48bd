import ArgumentParser
import Building
import ExitCodes
import Model
import Patches
import Preflight
import Proving
import Report

struct PreflightCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "preflight", abstract: "Predict how a kubelet would fare in the current environment, and why.",
        discussion: """
            Examines the sandbox, file systems, and cgroups visible to this process, and predicts the verdict of a boot, the patches that would \
            change it, and the source of each rule. Needs no root, starts no programs, and changes nothing. If the evidence is insufficient, the \
            prediction is 'inconclusive', with the reason. In gVisor, the changes that the sandbox's owner can make to avoid patching come first. \
            `--fix` prints all remedies as a script. To find out for certain, boot with `ninepin verify --sandbox here`.

            Exits with code 0 whatever the prediction, or 64 if the command line is wrong.

            Examples:
              ninepin preflight
              ninepin preflight --series percpu,9p-source
              ninepin preflight --kubelet 1.36.2
              ninepin preflight --kubelet 1.35.2 --json | jq .prediction
              ninepin preflight --kubelet-dir /data/kubelet
              ninepin preflight --fix
            """,
        aliases: ["here"])

    @Option(help: ArgumentHelp("The kubelet's version. Boots were measured with the default.", valueName: "version"))
    var kubelet = Forecast.measured
    @OptionGroup var series: PredictedSeries
    @Option(help: ArgumentHelp("kubelet's directory; it need not exist.", valueName: "dir"), completion: .directory) var kubeletDir =
        NodePath.kubelet
    @Flag(
        help: ArgumentHelp(
            "Print the remedies as one shell script, saying who must run each step and where. Nothing is executed. With --json, print data."
        ))
    var fix = false
    @OptionGroup var global: GlobalOptions

    /// The output of `--fix --json`.
    private struct FixDocument: Encodable {
        let fixes: [PreflightFinding.Fix]
        let script: String
    }

    func validate() throws {
        guard Version(kubelet) != nil else { throw ValidationError("--kubelet must be a version such as 1.20.2, not '\(kubelet)'") }
        guard kubeletDir.hasPrefix("/") else {
            throw ValidationError("--kubelet-dir must be an absolute path, not '\(kubeletDir)'")
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
    @Option(
        help: ArgumentHelp("Comma-separated patches, or 'none' for a stock kubelet.", valueName: "names"), completion: Completion.series,
        transform: SeriesNames.parsed)
    var series: SeriesNames?

    /// The patches. Each must have an effect that the prediction knows.
    var patches: [KnownPatch] {
        get throws {
            try (series?.names ?? []).map { name in
                guard let patch = KnownPatch(named: name) else {
                    let known = KnownPatch.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("the effect of '\(name)' cannot be predicted; supported patches: \(known)")
                }
                return patch
            }
        }
    }
}
