/// kubelet's `/stats/summary` written for a test: that of a healthy node, except for the given values.
enum WrittenSummary {
    /// - Parameter figures: JSON values by the key of the node's own value, or by `imageFs.KEY`; an empty one removes the key.
    static func text(_ figures: [String: String] = [:]) -> String {
        let disk = ["availableBytes": "4000", "capacityBytes": "5000", "inodesFree": "9", "inodes": "10"]
        let image = Dictionary(
            uniqueKeysWithValues: figures.filter { $0.key.hasPrefix("imageFs.") }.map { ($0.key.dropFirst(8).description, $0.value) })
        let cpu = object(["usageNanoCores": "1", "usageCoreNanoSeconds": "1000"], figures)
        let memory = object(["memory.availableBytes": "2000", "workingSetBytes": "1000"], figures)
        let imageFs = object(disk, image)
        return
            #"{"node":{"nodeName":"node","cpu":\#(cpu),"memory":\#(memory),"fs":\#(object(disk, figures)),"runtime":{"imageFs":\#(imageFs)}},"pods":[]}"#
    }

    private static func object(_ good: [String: String], _ changed: [String: String]) -> String {
        let members = good.map { key, value in (key.split(separator: ".").last ?? "", changed[key] ?? value) }
        return "{\(members.filter { !$0.1.isEmpty }.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ","))}"
    }
}
