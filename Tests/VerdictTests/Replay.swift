import Approaches
import Cluster
import Foundation
import Grading
import Model

@testable import Node

/// An observation during a boot: a line of `events.jsonl`.
struct Recorded: Decodable {
    /// Seconds after the start of the sandbox.
    let at: Double
    /// If set, the event repeats every second until this time.
    let until: Double?
    /// A line of standard output: the node's log, or the output of a probe's program.
    let out: String?
    /// A line of standard error: the channel of the sandbox's first program, or a message of runsc.
    let err: String?
    /// A report from the control plane.
    let cluster: Told?
    /// How the sandbox ended.
    let end: String?

    /// A fact about the cluster; the fields that are present determine which one.
    struct Told: Decodable {
        let server: Bool?
        let answer: String?
        let node: NodeStatus?
        /// Whether the API server does not know the node.
        let noNode: Bool?
        let pod: String?
        let status: PodStatus?
        let log: String?
        let isGone: Bool?
        let summary: String?
        let ended: String?
        let how: String?
        let lines: [String]?
        let unlogged: String?
        let refused: String?
    }
}

struct BrokenCase: Error { let reason: String }

extension Recorded.Told {
    func fact() throws -> ClusterFact {
        if let server { return .apiServer(isReady: server, answer ?? "ok") }
        if let node { return .node(node) }
        if noNode == true { return .node(nil) }
        if let summary { return .summary(summary) }
        if let ended { return .ended(process: ended, how: how ?? "exit status 1", lastLines: lines ?? []) }
        if let unlogged { return .unlogged(process: unlogged, reason: how ?? "no space left") }
        if let refused { return .refused(refused) }
        guard let name = pod.flatMap(TrialPod.init(rawValue:)) else {
            throw BrokenCase(reason: "an event of the cluster tells nothing")
        }
        if let log { return .podLog(name, log) }
        if isGone == true { return .podGone(name) }
        guard let status else { throw BrokenCase(reason: "a pod without a status") }
        return .pod(name, status)
    }
}

/// Grades a recorded boot again: each event at its time, with the harness's ticks in between, four per second as in a boot.
struct Replay {
    private let about: Case.About
    private let events: [(at: Double, event: Recorded)]
    private static let tick = 0.25

    init(_ one: Case) throws {
        about = one.about
        let lines = try Data(contentsOf: one.file).split(separator: UInt8(ascii: "\n"))
        let read = try lines.map { try JSONDecoder().decode(Recorded.self, from: $0) }
        // Events at the same time keep the order of the file.
        events = read.enumerated().flatMap { line, event in
            stride(from: event.at, through: event.until ?? event.at, by: 1).map { (at: $0, line: line, event: event) }
        }.sorted { ($0.at, $0.line) < ($1.at, $1.line) }.map { ($0.at, $0.event) }
    }

    /// The answer of the case's grader.
    func answer() throws -> Answer {
        switch about.grader {
        case .boot: try boot()
        case .component: try component()
        default: try controlPlane()
        }
    }

    private func layout() throws -> Layout {
        guard let layout = Layout(rawValue: about.layout ?? Layout.root9p.rawValue) else { throw BrokenCase(reason: "no such layout") }
        return layout
    }

    /// Replays each event and the ticks before it, and at the end the ticks of the remaining time.
    private func play(_ take: (Double, Recorded) throws -> Void, tick: (Double) -> Void) rethrows {
        var ticks = 1.0
        func wait(until time: Double) {
            while ticks * Self.tick <= time {
                tick(ticks * Self.tick)
                ticks += 1
            }
        }
        for (at, event) in events {
            wait(until: at)
            try take(at, event)
        }
        wait(until: about.until ?? events.last?.at ?? 0)
    }

    /// As in `Node/NodeBoot.swift`: the node's end waits for a tick, and reports from the control plane are handled with one.
    private func boot() throws -> Answer {
        let node = NodeSpec(
            profile: .kubelet, warmUp: about.warmUp ?? 10, observe: about.observe ?? 30, startTimeout: 60, joinTimeout: 100)
        guard let level = Level(rawValue: about.level ?? Level.boot.rawValue) else { throw BrokenCase(reason: "no such level") }
        let environment: BootEnvironment =
            if let place = about.place { .inPlace(place) } else if about.runtime == "runc" { .container } else { .sandbox(try layout()) }
        var grader = BootGrader(node: node, in: environment, level: level, word: Self.word, isKept: about.isKept ?? false)
        var channel = NodeChannel()
        var held = HeldEnd()
        var told: [ClusterFact] = []
        func release(_ now: Double) {
            if let fact = held.release() { grader.take(.fact(fact), at: now) }
        }
        try play { at, event in
            if let line = event.out { grader.take(.log(Array(line.utf8)), at: at) }
            if let fact = try event.cluster?.fact() { told.append(fact) }
            switch event.err.map({ channel.read(Array($0.utf8)) }) {
            case .foreign: grader.take(.runtime(event.err ?? ""), at: at)
            case .fact(let fact): if let fact = held.pass(fact) { grader.take(.fact(fact), at: at) }
            case .piece, .refused, nil: break
            }
            if grader.hasReason { release(at) }
            if let end = event.end {
                release(at)
                grader.finish(end, at: at)
            }
        } tick: { now in
            release(now)
            for fact in told { grader.take(.cluster(fact), at: now) }
            told = []
            grader.take(.tick, at: now)
        }
        guard let verdict = grader.verdict ?? grader.standing else { return Self.none }
        return Answer(verdict)
    }

    private func component() throws -> Answer {
        var grader = ComponentGrader(probe: "probe", layout: try layout())
        var channel = NodeChannel()
        play { at, event in
            if let line = event.out { grader.take(.log(Array(line.utf8)), at: at) }
            switch event.err.map({ channel.read(Array($0.utf8)) }) {
            case .foreign: grader.take(.runtime(event.err ?? ""), at: at)
            case .fact(let fact): grader.take(.fact(fact), at: at)
            case .piece, .refused, nil: break
            }
            if let end = event.end { grader.finish(end, at: at) }
        } tick: {
            grader.take(.tick, at: $0)
        }
        guard let verdict = grader.verdict else { return Self.none }
        return Answer(verdict)
    }

    private func controlPlane() throws -> Answer {
        var grader = ControlPlaneGrader(layout: try layout(), watch: about.observe ?? 30)
        var channel = NodeChannel()
        play { at, event in
            if let line = event.out { grader.take(.log(Array(line.utf8)), at: at) }
            if case .fact(let fact)? = event.err.map({ channel.read(Array($0.utf8)) }) { grader.take(.fact(fact), at: at) }
            if let end = event.end { grader.finish(end, at: at) }
        } tick: {
            grader.take(.tick, at: $0)
        }
        guard let finding = grader.finding else { return Self.none }
        return Answer(grade: finding.outcome.rawValue, cause: nil, summary: finding.summary, notes: [])
    }

    /// The text that a pod must print in every case.
    private static let word = "ninepin-word"
    private static let none = Answer(grade: "no verdict", cause: nil, summary: "the events end before a verdict", notes: [])
}
