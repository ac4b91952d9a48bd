import Foundation
import Model
import Testing

@Suite("How long something is waited for")
struct DeadlineTests {
    @Test("without patience each deadline is as it was measured")
    func plain() {
        for deadline in Deadline.allCases {
            #expect(Deadlines()[deadline] == deadline.seconds)
            #expect(deadline.seconds > 0)
            #expect(Deadlines().duration(deadline) == .milliseconds(Int(deadline.seconds * 1000)))
        }
    }

    @Test("patience stretches what hangs on this machine, and nothing that waits for another")
    func stretched() {
        let slow = Deadlines(patience: 5)
        #expect(slow[.nodeStart] == 300 && slow[.probeAnswer] == 50 && slow[.staleAnswer] == 75 && slow[.componentProbe] == 150)
        #expect(slow[.gitSilence] == 30 && slow[.connection] == 20 && slow[.transferSilence] == 30)
        for deadline in Deadline.allCases where deadline.isStretched { #expect(slow[deadline] == 5 * deadline.seconds) }
    }

    @Test("an answer that may still come is never older than one that counts", arguments: [1.0, 1.5, 5, 100])
    func order(_ patience: Double) {
        let deadlines = Deadlines(patience: patience)
        #expect(deadlines[.staleAnswer] > deadlines[.probeAnswer])
        #expect(deadlines[.serverSilence] > deadlines[.serverAnswer])
        #expect(deadlines[.probeSilence] < deadlines[.probeAnswer])
        #expect(deadlines[.nodeJoin] > deadlines[.observation])
    }

    @Test("a node's own times are stretched, what is watched after warm-up with them", arguments: [1.0, 2.5, 5, 100])
    func node(_ patience: Double) {
        let node = NodeSpec(profile: .kubelet, warmUp: 12, observe: 40, startTimeout: 70, joinTimeout: 90, kubelet: ["a": "b"])
        let slow = node.stretched(by: Deadlines(patience: patience))
        #expect(slow.warmUp == 12 * patience && slow.startTimeout == 70 * patience && slow.joinTimeout == 90 * patience)
        #expect(slow.observe == 40 * patience)
        #expect(slow.profile == .kubelet && slow.kubelet == ["a": "b"])
        #expect(node.stretched(by: Deadlines()) == node)
    }

    @Test("what is no patience is none", arguments: [0.5, 0, -3, Double.nan, -Double.infinity])
    func least(_ patience: Double) { #expect(Deadlines(patience: patience).patience == 1) }

    @Test("patience has an end", arguments: [101.0, 1e300, Double.infinity])
    func most(_ patience: Double) { #expect(Deadlines(patience: patience).patience == 100) }

    @Test("the limits of what a boot may suffer are stretched with the rest")
    func conditions() {
        let slow = BootConditions(longestSilence: 20, longestDelay: 10)
        #expect(slow.excesses().count == 2)
        #expect(slow.excesses(within: Deadlines(patience: 5)).isEmpty)
        #expect(BootConditions(longestSilence: 31).excesses(within: Deadlines(patience: 5)).first?.contains("limit 30.0 s") == true)
    }

    @Test("docs/architecture.md has each deadline as it is in the code")
    func documented() throws {
        let page = try String(
            contentsOf: URL(filePath: #filePath).appending(path: "../../../docs/architecture.md").standardized, encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") && $0.hasSuffix("|") }.map(String.init)
        for deadline in Deadline.allCases {
            #expect(rows.contains(deadline.row), "the table lacks: \(deadline.row)")
        }
        // No row is left for a removed deadline.
        let section = page.components(separatedBy: "## How long something is waited for").last?.components(separatedBy: "\n## ").first ?? ""
        #expect(section.split(separator: "\n").count { $0.hasPrefix("| `") } == Deadline.allCases.count)
    }
}

@Suite("A recipe's own times")
struct RecipeTimeTests {
    @Test("without its own a recipe has those of the table")
    func defaults() {
        let node = NodeSpec(profile: .kubelet)
        #expect(node.warmUp == Deadline.warmUp.seconds && node.observe == Deadline.observation.seconds)
        #expect(node.startTimeout == Deadline.nodeStart.seconds && node.joinTimeout == Deadline.nodeJoin.seconds)
    }
}
