import Foundation
import Grading
import Model
import Node
import Testing

/// The truth suite: cases with known right answers. Their grades are counted in one table, and each wrong one is a separate issue.
@Suite("Known cases")
struct VerdictTests {
    @Test("each has the grade and the cause that are right: no wrong clean, no wrong fatal, nothing else wrong")
    func truth() throws {
        let cases = try Case.all()
        var table = Confusion()
        for one in cases {
            let answer = try Self.answer(of: one)
            table.count(expected: one.about.grade, got: answer.grade)
            let faults = answer.faults(in: one.about)
            #expect(faults.isEmpty, "\(one.name) (\(one.about.about)):\n    \(faults.joined(separator: "\n    "))")
        }
        print(table.text)
        #expect(table.wrong(as: "clean") == 0)
        #expect(table.wrong(as: "fatal") == 0)
        #expect(cases.count >= 80, "the suite has shrunk")
    }

    @Test("each rule is shown from both sides: some case where it strikes, and one where it does not")
    func sides() throws {
        for (rule, cases) in Dictionary(grouping: try Case.all(), by: \.about.rule) {
            let answers = Set(cases.map { "\($0.about.grade), \($0.about.cause ?? "")" })
            #expect(answers.count > 1, "of '\(rule)' there is one side only: \(cases.map(\.name))")
        }
    }

    @Test("a case is whole: it has the file that it is graded from, and nothing that tells of the machine that it was recorded on")
    func whole() throws {
        let known = Set(Case.About.CodingKeys.allCases.map(\.rawValue))
        for one in try Case.all() {
            let said = try JSONSerialization.jsonObject(with: Data(contentsOf: one.folder.appending(path: "case.json"))) as? [String: Any]
            let unknown = Set(said?.keys.map { $0 } ?? []).subtracting(known)
            #expect(unknown.isEmpty, "\(one.name) has keys that mean nothing: \(unknown)")
            let text = try String(contentsOf: one.file, encoding: .isoLatin1)
            #expect(!text.isEmpty, "\(one.name)")
            for word in ["home", "work", "root"].map({ "/\($0)/" }) + ["Workspace"] {
                #expect(!text.contains(word), "\(one.name) has '\(word)'")
            }
        }
    }

    private static func answer(of one: Case) throws -> Answer {
        guard one.about.grader == .log else { return try Replay(one).answer() }
        // As in `ninepin grade`.
        return Answer(try LogReader.verdict(onFile: one.file.path(percentEncoded: false), warmUp: one.about.warmUp ?? 10).verdict)
    }
}

/// How many cases of each expected grade received which grade.
struct Confusion {
    private var counts: [[String]: Int] = [:]

    mutating func count(expected: String, got: String) { counts[[expected, got], default: 0] += 1 }

    /// The number of cases that wrongly received a grade.
    func wrong(as grade: String) -> Int { counts.filter { $0.key[1] == grade && $0.key[0] != grade }.values.reduce(0, +) }

    /// The table, with one row per expected grade.
    var text: String {
        let grades = Set(counts.keys.joined()).sorted()
        let width = grades.map(\.count).max() ?? 0
        func padded(_ text: String) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
        let head = "Known cases, expected (down) and got (across):\n" + padded("") + grades.map { "  " + padded($0) }.joined()
        let rows = grades.map { expected in
            padded(expected) + grades.map { "  " + padded(counts[[expected, $0]].map(String.init) ?? "·") }.joined()
        }
        return ([head] + rows).joined(separator: "\n")
    }
}
