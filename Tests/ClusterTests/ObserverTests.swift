import Foundation
import Grading
import Synchronization
import SystemPackage
import Testing
import TestServers

@testable import Cluster

@Suite("Asking a cluster about a node", .timeLimit(.minutes(3)))
struct ObserverTests {
    /// The results of an observation.
    private struct Seen {
        let facts: [ClusterFact]
        let requests: [Request]

        var words: [String] { facts.map(\.words) }

        /// The requests that begin with a text, as `METHOD TARGET`.
        func asked(_ start: String) -> [String] { requests.map { "\($0.method) \($0.target)" }.filter { $0.hasPrefix(start) } }
    }

    /// Observes until there are enough facts, then cancels the observer, and expects it to end with a cancellation.
    private func observe(
        _ cluster: WrittenCluster, trial: PodTrial? = PodTrial(), until isEnough: @escaping ([String]) -> Bool
    ) async throws -> Seen {
        try await LoopbackServer.run({ request, _ in cluster.answer(request) }) { server in
            let notices = ClusterNotices()
            let client = APIClient(server: "http://127.0.0.1:\(server.port)", authority: "/dev/null", token: "secret")
            let observer = ClusterObserver(asking: client, about: "n", trial: trial, notices: notices, interval: .milliseconds(2))
            let task = Task { try await observer.run() }
            var facts: [ClusterFact] = []
            let came = try await soon { () -> Bool? in
                facts += notices.take()
                return isEnough(facts.map(\.words)) ? true : nil
            }
            #expect(came == true, "\(facts.map(\.words).suffix(20))")
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            return Seen(facts: facts + notices.take(), requests: server.requests)
        }
    }

    @Test("it asks for readiness, the node and the figures, as somebody who has the token, and makes nothing where no pods are wanted")
    func rounds() async throws {
        let seen = try await observe(WrittenCluster(), trial: nil) { $0.filter { $0 == "node Ready" }.count >= 3 }
        #expect(seen.words.prefix(4) == ["apiServer true ok", "node Ready", "accepts pods", "apiServer true ok"])
        #expect(Set(seen.asked("")) == ["GET /readyz", "GET /api/v1/nodes/n", "GET \(ClusterObserver.account)"])
        #expect(seen.asked("GET \(ClusterObserver.account)").count == 1, "once is enough")
        #expect(seen.requests.allSatisfy { $0.fields["authorization"] == "Bearer secret" })
    }

    @Test("no pod is made, and none is said to be accepted, before the service account of pods exists")
    func waitsForAccount() async throws {
        let cluster = WrittenCluster { $0.hasAccount = false }
        var early: [String]?
        let seen = try await observe(cluster) { words in
            if early == nil, words.filter({ $0 == "node Ready" }).count >= 3 {
                early = words
                cluster.change { $0.hasAccount = true }
            }
            return words.contains { $0.hasPrefix("task ") }
        }
        #expect(early?.contains("accepts pods") == false)
        #expect(seen.words.filter { $0 == "accepts pods" }.count == 1)
        #expect(!seen.words.contains { $0.hasPrefix("refused") })
    }

    @Test("no pod is made before the node is Ready, and both are once it is")
    func waitsForReady() async throws {
        let cluster = WrittenCluster { $0.node = nil }
        var rounds = 0
        let seen = try await observe(cluster) { words in
            if rounds == 0, words.filter({ $0 == "node unknown" }).count >= 3 {
                rounds = 1
                cluster.change { $0.node = WrittenCluster.node(ready: false) }
            }
            if rounds == 1, words.filter({ $0 == "node not Ready" }).count >= 3 {
                rounds = 2
                cluster.change { $0.node = WrittenCluster.node(ready: true) }
            }
            return words.contains("limited Running")
        }
        let firstReady = try #require(seen.words.firstIndex(of: "node Ready"))
        #expect(!seen.words[..<firstReady].contains { $0.hasPrefix("task") || $0.hasPrefix("limited") || $0 == "summary" })
        #expect(seen.asked("POST").count == 2)
        let targets = seen.asked("")
        let firstPost = try #require(targets.firstIndex { $0.hasPrefix("POST") })
        #expect(targets[..<firstPost].contains("GET /api/v1/nodes/n/proxy/stats/summary"))
    }

    @Test("the pods are those of the trial: for this node alone, with its word, and the second with limits")
    func pods() async throws {
        let cluster = WrittenCluster()
        let trial = PodTrial()
        _ = try await observe(cluster, trial: trial) { $0.contains("limited Running") }
        let documents = try cluster.bodies.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])
        }
        let specifications = documents.compactMap { $0["spec"] as? [String: Any] }
        let containers = specifications.compactMap { ($0["containers"] as? [[String: Any]])?.first }
        try #require(containers.count == 2)
        #expect(documents.allSatisfy { $0["kind"] as? String == "Pod" && $0["apiVersion"] as? String == "v1" })
        #expect(specifications.allSatisfy { $0["nodeSelector"] as? [String: String] == ["kubernetes.io/hostname": "n"] })
        #expect(specifications.allSatisfy { $0["restartPolicy"] as? String == "Never" && $0["hostNetwork"] as? Bool == true })
        #expect(containers.allSatisfy { $0["image"] as? String == PodTrial.image && $0["imagePullPolicy"] as? String == "Never" })
        #expect(containers[0]["command"] as? [String] == ["/bin/sh", "-c", "echo \(trial.word)"])
        #expect(containers[0]["resources"] == nil)
        let limits = (containers[1]["resources"] as? [String: Any])?["limits"] as? [String: String]
        #expect(limits == ["cpu": "200m", "memory": "64Mi"])
        #expect(PodTrial().word != trial.word)
    }

    @Test("the log of the first pod is read once, when the pod has succeeded, and comes back as it is")
    func log() async throws {
        let cluster = WrittenCluster { $0.log = "ninepin-1\nümlaut\n" }
        let seen = try await observe(cluster) { $0.filter { $0 == "node Ready" }.count >= 8 }
        let at = try #require(seen.words.firstIndex(of: "log of task: ninepin-1\nümlaut\n"))
        #expect(seen.words[..<at].contains("task Pending"))
        #expect(seen.words[at - 1] == "task Succeeded")
        #expect(!seen.words[at...].contains { $0.hasPrefix("task") }, "a pod whose log is known is not asked for any more")
        #expect(seen.asked("GET /api/v1/namespaces/default/pods/ninepin-task/log").count == 1)
    }

    @Test("a pod that fails has no log read, and is asked for again")
    func failedPod() async throws {
        let cluster = WrittenCluster { $0.made["ninepin-task"] = [WrittenCluster.pod("Failed")] }
        let seen = try await observe(cluster) { $0.filter { $0 == "task Failed" }.count >= 3 }
        #expect(!seen.words.contains { $0.hasPrefix("log of") })
    }

    @Test("the limited pod is deleted once it was measured, and not before")
    func measured() async throws {
        let cluster = WrittenCluster {
            $0.summary = WrittenCluster.summary(cpu: 0, memory: 1)
            // The first request finds it pending.
            $0.later = (1 + 5, WrittenCluster.summary(cpu: 1, memory: 1))
        }
        let seen = try await observe(cluster) { $0.contains("limited gone") }
        #expect(seen.asked("DELETE") == ["DELETE /api/v1/namespaces/default/pods/ninepin-limited?gracePeriodSeconds=1"])
        #expect(seen.words.filter { $0 == "limited Running" }.count == 6)
        #expect(seen.words.filter { $0 == "limited gone" }.count == 1)
    }

    @Test("a pod that nobody measures is deleted when it has run for forty rounds, and not before")
    func patience() async throws {
        let seen = try await observe(WrittenCluster()) { $0.contains("limited gone") }
        #expect(seen.words.filter { $0 == "limited Running" }.count == 41)
        #expect(seen.asked("DELETE").count == 1)
    }

    @Test("a pod whose deletion was carried out although its answer was lost is gone all the same")
    func lostDeletion() async throws {
        let cluster = WrittenCluster {
            $0.summary = WrittenCluster.summary(cpu: 1, memory: 1)
            let path = "DELETE /api/v1/namespaces/default/pods/ninepin-limited"
            $0.instead[path] = [.init(reply: Reply(status: 500, fields: ["Content-Length": "0"]), isDone: true)]
        }
        let seen = try await observe(cluster) { $0.contains("limited gone") }
        #expect(seen.words.contains { $0.hasPrefix("refused") && $0.contains("DELETE") })
    }

    @Test("a deletion that was refused is asked for again, and a pod that is there is not gone")
    func refusedDeletion() async throws {
        let cluster = WrittenCluster {
            $0.summary = WrittenCluster.summary(cpu: 1, memory: 1)
            let path = "DELETE /api/v1/namespaces/default/pods/ninepin-limited"
            $0.instead[path] = [.init(reply: .status(503), isDone: false), .init(reply: .status(503), isDone: false)]
        }
        let seen = try await observe(cluster) { $0.contains("limited gone") }
        #expect(seen.asked("DELETE").count == 3)
        let at = try #require(seen.words.firstIndex(of: "limited gone"))
        #expect(seen.words[..<at].filter { $0.hasPrefix("refused") }.count == 2)
    }

    @Test("a pod that somebody else took away is not said to be gone: nobody asked for it")
    func takenAway() async throws {
        let cluster = WrittenCluster { $0.made["ninepin-limited"] = [WrittenCluster.pod("Pending")] }
        var isTaken = false
        let seen = try await observe(cluster) { words in
            if !isTaken, words.contains("limited Pending") {
                isTaken = true
                cluster.change { $0.pods["ninepin-limited"] = nil }
            }
            return words.filter { $0 == "node Ready" }.count >= 10
        }
        #expect(isTaken && !seen.words.contains("limited gone"))
        #expect(seen.asked("DELETE").isEmpty)
    }

    @Test("a pod that was made although the answer was lost is there: the second request to make it is no error")
    func lostCreation() async throws {
        let cluster = WrittenCluster {
            $0.instead["POST /api/v1/namespaces/default/pods"] = [.init(reply: .status(500), isDone: true)]
        }
        let seen = try await observe(cluster) { $0.contains("limited Running") && $0.contains { $0.hasPrefix("log of") } }
        #expect(seen.asked("POST").count == 3)
        #expect(seen.words.filter { $0.hasPrefix("refused") }.count == 1)
    }

    @Test("an API server that is not ready, or gone, is told of, is asked nothing more, and observed on")
    func notServing() async throws {
        let cluster = WrittenCluster { $0.readyz = .body(Array("[-]etcd failed".utf8), status: 500) }
        var isMended = false
        let seen = try await observe(cluster, trial: nil) { words in
            if !isMended, words.count >= 3 {
                isMended = true
                cluster.change { $0.readyz = .body(Array("ok".utf8)) }
            }
            return words.contains("node Ready")
        }
        #expect(seen.words.first == "apiServer false the API server answers GET /readyz with 500: [-]etcd failed")
        let first = try #require(seen.asked("").firstIndex(of: "GET /api/v1/nodes/n"))
        #expect(first >= 3)

        let odd = try await observe(WrittenCluster { $0.readyz = .body(Array("almost".utf8)) }, trial: nil) { $0.count >= 3 }
        #expect(Set(odd.words) == ["apiServer false almost"])
    }

    @Test("a question that is refused or answered with nonsense is told of, and the next round goes on")
    func goesOn() async throws {
        let cluster = WrittenCluster {
            $0.instead["GET /api/v1/nodes/n"] = [
                .init(reply: .body(Array(#"{"message": "no rights"}"#.utf8), status: 403), isDone: false),
                .init(reply: .body(Array("<html>".utf8)), isDone: false),
                .init(reply: Reply(status: 200, fields: ["Content-Length": "10"], steps: [.bytes([1])]), isDone: false),
            ]
        }
        let seen = try await observe(cluster) { $0.contains("limited Running") }
        let refused = seen.words.filter { $0.hasPrefix("refused") }
        try #require(refused.count == 3, "\(refused)")
        #expect(refused[0].contains("GET /api/v1/nodes/n with 403: no rights"))
        #expect(refused[1].contains("answer to GET /api/v1/nodes/n cannot be read"))
        #expect(refused[2].contains("/api/v1/nodes/n"))
    }

    @Test("cancelling ends it at once, also while it waits for an answer")
    func cancelledInQuestion() async throws {
        let asked = Mutex(false)
        try await LoopbackServer.run({ _, _ in
            asked.withLock { $0 = true }
            return Reply(steps: [.wait(60)])
        }) { server in
            let notices = ClusterNotices()
            let client = APIClient(server: "http://127.0.0.1:\(server.port)", authority: "/dev/null", token: "")
            let observer = ClusterObserver(asking: client, about: "n", trial: nil, notices: notices, interval: .seconds(600))
            let task = Task { try await observer.run() }
            let wasAsked = try await soon { asked.withLock { $0 } ? true : nil }
            #expect(wasAsked == true)
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(notices.take().isEmpty, "a cancelled question says nothing of the API server")
        }
    }
}
