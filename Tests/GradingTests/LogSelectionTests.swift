import LogLines
import Testing

/// The end of a log, as `ninepin logs` selects it.
struct LogSelectionTests {
    private static let log = """
        I1127 10:00:00.000001      40 server.go:1] first
        I1127 10:05:00.000001      40 server.go:1] second
            a line without a time
        I1127 10:09:59.000001      40 server.go:1] third

        """

    private func selected(_ log: String = log, tail: Int? = nil, since: Double? = nil, pieces: Int = 1000) throws -> [String] {
        let now = try #require(LogSelection.Moment(month: 11, day: 27, time: 10 * 3600 + 600, epoch: 1_795_774_200))
        var selection = LogSelection(tail: tail, since: since.map { ($0, now) })
        var rest = Array(log.utf8)[...]
        while !rest.isEmpty {
            selection.take(Array(rest.prefix(pieces)))
            rest = rest.dropFirst(pieces)
        }
        let text = String(decoding: selection.taken(), as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: true).map { $0.split(separator: " ").last.map(String.init) ?? "" }
    }

    @Test("the last lines are selected, wherever the pieces of the log end", arguments: [1, 2, 7, 50, 1000])
    func tail(_ pieces: Int) throws {
        #expect(try selected(tail: 2, pieces: pieces) == ["time", "third"])
        #expect(try selected(tail: 0, pieces: pieces) == [])
        #expect(try selected(tail: 9, pieces: pieces) == ["first", "second", "time", "third"])
        #expect(try selected(pieces: pieces) == ["first", "second", "time", "third"])
        #expect(try selected(tail: .max, pieces: pieces) == ["first", "second", "time", "third"])
        #expect(try selected("a\nb\nlast without an end", tail: 1, pieces: pieces) == ["end"])
    }

    @Test("lines since a moment are selected, and lines without a time belong to the one before")
    func since() throws {
        #expect(try selected(since: 301) == ["second", "time", "third"])
        #expect(try selected(since: 10) == ["third"])
        #expect(try selected(since: 0.5) == [])
        #expect(try selected(tail: 1, since: 301) == ["third"])
    }

    @Test(
        "each form of time counts: JSON of klog and of etcd, and a wrapper's",
        arguments: [
            #"{"ts":1795774190000.5,"caller":"app/server.go:1","msg":"late","v":0}"#,
            #"{"level":"info","ts":"2026-11-27T10:09:50.123Z","caller":"etcdmain/etcd.go:1","msg":"late"}"#,
            #"time="2026-11-27T10:09:50Z" level=info msg="late""#, "2026-11-27T10:09:50.000000000Z stderr F late",
        ])
    func forms(_ line: String) throws {
        #expect(try selected(line + "\n", since: 60).count == 1)
        #expect(try selected(line + "\n", since: 1).isEmpty)
    }

    @Test("a line of December is before New Year, not a year ahead")
    func newYear() throws {
        let now = try #require(LogSelection.Moment(month: 1, day: 1, time: 30, epoch: 0))
        var selection = LogSelection(tail: nil, since: (60, now))
        selection.take(Array("I1231 23:59:50.000001      40 server.go:1] late\n".utf8))
        #expect(!selection.taken().isEmpty)
    }
}
