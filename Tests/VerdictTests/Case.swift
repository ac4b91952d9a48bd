import Foundation
import Grading
import Model

/// One known case of the truth suite: a folder of `Tests/Verdicts`, whose README.md tells the form.
struct Case: Sendable {
    /// Who grades it.
    enum Grader: String, Codable, Sendable {
        case log
        case boot
        case component
        case controlPlane = "control plane"
    }

    /// What `case.json` says.
    struct About: Codable, Sendable {
        /// One sentence: what it is.
        let about: String
        /// Where it comes from: which boot was recorded, which public report it is written after, or that it is written for the suite.
        let origin: String
        /// The rule of docs/architecture.md that it shows one side of.
        let rule: String
        let grader: Grader
        /// The right answer: a grade, or an outcome of a control plane.
        let grade: String
        /// The known fault that is the right one; nil where the verdict names none.
        let cause: String?
        /// Words that the verdict's sentence must have.
        let says: [String]?
        /// Words that a note must have, each in some note.
        let notes: [String]?
        /// How the node is booted; the rest is as with most.
        let layout: String?
        let level: String?
        let runtime: String?
        /// What the place showed before, where the layout is `here`.
        let place: HostSigns?
        /// Whether the node is kept: the answer is the verdict so far, as long as it lives.
        let isKept: Bool?
        let warmUp: Double?
        let observe: Double?
        /// Seconds until which time goes by after the last event.
        let until: Double?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case about, origin, rule, grader, grade, cause, says, notes, layout, level, runtime, place, isKept, warmUp, observe, until
        }
    }

    /// The folder's name.
    let name: String
    let folder: URL
    let about: About

    /// All cases, by their names.
    static func all() throws -> [Case] {
        let place = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Verdicts")
        let folders = try FileManager.default.contentsOfDirectory(at: place, includingPropertiesForKeys: [.isDirectoryKey])
            .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
        return try folders.sorted { $0.lastPathComponent < $1.lastPathComponent }.map { folder in
            let text = try Data(contentsOf: folder.appending(path: "case.json"))
            return Case(name: folder.lastPathComponent, folder: folder, about: try JSONDecoder().decode(About.self, from: text))
        }
    }

    /// What the case is graded from.
    var file: URL { folder.appending(path: about.grader == .log ? "node.log" : "events.jsonl") }
}

/// What came of a case.
struct Answer: Hashable, Sendable {
    let grade: String
    let cause: String?
    let summary: String
    let notes: [String]
}

extension Answer {
    init(_ verdict: Verdict) {
        (grade, cause, summary, notes) = (verdict.grade.rawValue, verdict.cause?.rawValue, verdict.summary, verdict.notes)
    }

    /// What it should be for a case and is not; empty when it is right.
    func faults(in about: Case.About) -> [String] {
        var faults: [String] = []
        if grade != about.grade || cause != about.cause {
            faults.append("expected \(Self.title(about.grade, about.cause)), got \(Self.title(grade, cause))")
        }
        faults += (about.says ?? []).filter { !summary.contains($0) }.map { "the sentence does not say '\($0)'" }
        faults += (about.notes ?? []).filter { words in !notes.contains { $0.contains(words) } }.map { "no note says '\($0)'" }
        return faults.isEmpty ? [] : faults + ["it says: \(summary)"] + notes.map { "note: \($0)" }
    }

    private static func title(_ grade: String, _ cause: String?) -> String { cause.map { "\(grade), \($0)" } ?? grade }
}
