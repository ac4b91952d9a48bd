import Host
import Model

/// The log files of one boot. A verdict rests on what came, and not on the files; but nobody can look at what it rests on where they are not whole.
package struct BootLogs: Sendable {
    private let files: [LineFile]

    init(_ files: [LineFile]) { self.files = files }

    /// The first thing that could not be written; nil while all of it was.
    package var fault: FileError? { files.lazy.compactMap(\.fault).first }

    /// Ends the files.
    ///
    /// - Returns: the verdict; or, where a log is not whole, `inconclusive` with why, and what the verdict rested on.
    func settled(_ verdict: Verdict) -> Verdict {
        guard let fault = finish() else { return verdict }
        let reason = Self.words(fault)
        let said = Evidence(kind: .harness, text: reason, source: "ninepin")
        let what = verdict.grade == .inconclusive ? "" : " It was \(verdict.title)."
        return Verdict(
            grade: .inconclusive, level: verdict.level, cause: Self.cause(fault), summary: "\(reason).\(what)",
            evidence: [said] + verdict.evidence, notes: verdict.notes)
    }

    /// Ends the files; the first thing that could not be written, of all of them.
    package func finish() -> FileError? { files.map { $0.finish() }.compactMap(\.self).first }

    package static func words(_ fault: FileError) -> String { "the log of the boot is incomplete: \(fault)" }

    private static func cause(_ fault: FileError) -> String { fault.isDiskFull ? "out of disk" : "log not written" }
}
