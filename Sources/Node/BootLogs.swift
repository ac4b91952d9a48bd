import FileSystem
import Host
import Model

/// The log files of one boot. A verdict is based on the received output, not on the files; but without complete files, nobody can inspect
/// the evidence.
package struct BootLogs: Sendable {
    private let files: [LineFile]

    init(_ files: [LineFile]) { self.files = files }

    /// The first write error; nil if none.
    package var fault: FileError? { files.lazy.compactMap(\.fault).first }

    /// Closes the files.
    ///
    /// - Returns: the verdict; if a log is incomplete, an `inconclusive` verdict with the reason and the original evidence.
    func settled(_ verdict: Verdict) -> Verdict {
        guard let fault = finish() else { return verdict }
        let reason = Self.words(fault)
        let said = Evidence(kind: .harness, text: reason, source: "ninepin")
        let what = verdict.grade == .inconclusive ? "" : " It was \(verdict.title)."
        return Verdict(
            grade: .inconclusive, level: verdict.level, cause: Self.cause(fault), summary: "\(reason).\(what)",
            evidence: [said] + verdict.evidence, notes: verdict.notes)
    }

    /// Closes the files and returns the first write error of all of them.
    package func finish() -> FileError? { files.map { $0.finish() }.compactMap(\.self).first }

    package static func words(_ fault: FileError) -> String { "the log of the boot is incomplete: \(fault)" }

    private static func cause(_ fault: FileError) -> Cause { fault.isDiskFull ? .outOfDisk : .logNotWritten }
}
