import FoundationEssentials

/// The parts of kubelet's `/stats/summary` that a verdict uses (Kubernetes, staging/src/k8s.io/kubelet/pkg/apis/stats/v1alpha1/types.go).
///
/// Any figure may be missing, because kubelet omits what cAdvisor does not know.
struct StatsSummary: Decodable {
    struct Node: Decodable {
        struct Processor: Decodable { let usageCoreNanoSeconds: UInt64? }

        struct Memory: Decodable {
            let availableBytes: UInt64?
            let workingSetBytes: UInt64?
        }

        struct FileSystem: Decodable {
            let availableBytes: UInt64?
            let capacityBytes: UInt64?
            let inodesFree: UInt64?
            let inodes: UInt64?
        }

        struct Runtime: Decodable { let imageFs: FileSystem? }

        let cpu: Processor?
        let memory: Memory?
        let fs: FileSystem?
        let runtime: Runtime?
    }

    let node: Node

    /// Parses an answer; nil if it is not such a document.
    init?(_ answer: String) {
        guard let read = try? JSONDecoder().decode(StatsSummary.self, from: Data(answer.utf8)) else { return nil }
        self = read
    }

    /// The size of the node's file system; nil if unknown or zero. The stats probe checks this.
    var capacity: UInt64? { node.fs?.capacityBytes.flatMap { $0 > 0 ? $0 : nil } }

    /// Notes on figures that are zero, missing or absurd. They do not lower the grade, but the user must know about them.
    var notes: [String] {
        Self.notes(of: node.cpu) + Self.notes(of: node.memory) + Self.notes(of: node.fs, as: "node file system")
            + Self.notes(of: node.runtime?.imageFs, as: "image file system")
    }

    private static func notes(of processor: Node.Processor?) -> [String] {
        let used = processor?.usageCoreNanoSeconds ?? 0
        if used == 0 { return ["node CPU reads 0: the node looks idle whatever it runs"] }
        return used > Limit.nanoseconds ? ["node CPU reads \(used) nanoseconds, which is not plausible"] : []
    }

    /// The eviction manager uses the available amount and ignores the resource if that is missing (pkg/kubelet/eviction/helpers.go,
    /// `makeSignalObservations`).
    private static func notes(of memory: Node.Memory?) -> [String] {
        let used = memory?.workingSetBytes ?? 0
        if used == 0 { return ["node memory reads 0: pods are never evicted because of memory"] }
        if used > Limit.memory { return ["node memory reads \(used) bytes, which no machine has"] }
        guard let available = memory?.availableBytes else {
            return ["node memory has no available figure: pods are never evicted because of memory"]
        }
        // kubelet subtracts without checking for underflow.
        return available > Limit.memory ? ["node memory available reads \(available) bytes, which no machine has"] : []
    }

    private static func notes(of system: Node.FileSystem?, as name: String) -> [String] {
        guard let system else { return ["\(name) has no figures: pods are never evicted because of its space"] }
        return notes(ofSpace: system, as: name) + notes(ofInodes: system, as: name)
    }

    private static func notes(ofSpace system: Node.FileSystem, as name: String) -> [String] {
        let capacity = system.capacityBytes ?? 0
        if capacity == 0 { return ["\(name) capacity reads 0: pods are never evicted because of its space"] }
        // gVisor's in-memory overlay reports such a size.
        if capacity > Limit.space { return ["\(name) capacity reads \(capacity) bytes, which is not plausible"] }
        guard let available = system.availableBytes else {
            return ["\(name) has no available figure: pods are never evicted because of its space"]
        }
        return available > capacity ? ["\(name) has \(available) bytes available, more than its capacity of \(capacity)"] : []
    }

    private static func notes(ofInodes system: Node.FileSystem, as name: String) -> [String] {
        let inodes = system.inodes ?? 0
        if inodes == 0 { return ["\(name) has no inode figures: pods are never evicted because of inodes"] }
        if inodes > Limit.inodes { return ["\(name) has \(inodes) inodes, which is not plausible"] }
        guard let free = system.inodesFree else { return ["\(name) has no free inode figure: pods are never evicted because of inodes"] }
        return free > inodes ? ["\(name) has \(free) inodes free, more than its \(inodes) inodes"] : []
    }

    /// Limits above which no real machine has a figure.
    private enum Limit {
        /// Larger values are negative numbers read as unsigned.
        static let nanoseconds: UInt64 = 1 << 63 - 1
        /// A pebibyte.
        static let memory: UInt64 = 1 << 50
        /// An exbibyte.
        static let space: UInt64 = 1 << 60
        /// The number of 4 KiB blocks in an exbibyte.
        static let inodes: UInt64 = 1 << 48
    }
}
