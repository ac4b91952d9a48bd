import Foundation
import Grading
import Model

/// One case of the truth suite: a folder of `Tests/Verdicts`, whose README.md describes the format.
struct Case: Sendable {
    /// The grader of a case.
    enum Grader: String, Codable, Sendable {
        case log
        case boot
        case component
        case controlPlane = "control plane"
    }

    /// The content of `case.json`.
    struct About: Codable, Sendable {
        /// A one-sentence description.
        let about: String
        /// The origin: which boot was recorded, which public report it is based on, or that it was written for the suite.
        let origin: String
        /// The rule of docs/architecture.md of which it demonstrates one side.
        let rule: String
        let grader: Grader
        /// The right answer: a grade, or an outcome of a control plane.
        let grade: String
        /// The right known fault; nil if the verdict names none.
        let cause: String?
        /// Texts that the verdict's sentence must contain.
        let says: [String]?
        /// Texts that must each occur in some note.
        let notes: [String]?
        /// How the node is booted; the other settings have their usual values.
        let layout: String?
        let level: String?
        let runtime: String?
        /// What the environment showed before, if the layout is `here`.
        let place: HostSigns?
        /// Whether the node is kept running: the answer is the current verdict as long as it is up.
        let isKept: Bool?
        let warmUp: Double?
        let observe: Double?
        /// The time, in seconds, until which the replay continues after the last event; nil to end with that event.
        let until: Double?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case about, origin, rule, grader, grade, cause, says, notes, layout, level, runtime, place, isKept, warmUp, observe, until
        }
    }

    /// The folder's name.
    let name: String
    let folder: URL
    let about: About

    /// All cases, sorted by name.
    static func all() throws -> [Case] {
        let place = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Verdicts")
        let folders = try FileManager.default.contentsOfDirectory(at: place, includingPropertiesForKeys: [.isDirectoryKey])
            .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
        return try folders.sorted { $0.lastPathComponent < $1.lastPathComponent }.map { folder in
            let text = try Data(contentsOf: folder.appending(path: "case.json"))
            return Case(name: folder.lastPathComponent, folder: folder, about: try JSONDecoder().decode(About.self, from: text))
        }
    }

    /// The file from which the case is graded.
    var file: URL { folder.appending(path: about.grader == .log ? "node.log" : "events.jsonl") }
}

/// The result of a case.
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

    /// The differences from a case's right answer; empty if there are none.
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
