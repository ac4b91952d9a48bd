/// The table of file systems that cAdvisor 0.38 builds from the mount table and in which kubelet looks up the device of its directory.
/// Follows cAdvisor's `fs/fs.go` step by step: `processMounts`, `addSystemRootLabel`, `GetDirFsDevice`.
struct PartitionTable {
    private struct Partition {
        let type: String
        let device: DeviceNumber
    }

    private var partitions: [String: Partition] = [:]
    private let place: HostFacts

    init(_ place: HostFacts, with patches: Set<KnownPatch>) {
        self.place = place
        let is9pSupported = patches.contains(.line9p) || patches.contains(.source9p)
        let isToldByPoint = { (type: String) in type == "tmpfs" || (type == "9p" && patches.contains(.source9p)) }
        for mount in place.mounts {
            guard Self.supported.contains(mount.type) || mount.type.hasPrefix("ext") || (mount.type == "9p" && is9pSupported) else {
                continue
            }
            // A second mount of the same source is considered a bind mount and skipped.
            if partitions[mount.source] != nil, !isToldByPoint(mount.type) { continue }
            partitions[key(of: mount, isToldByPoint: isToldByPoint)] = Partition(type: mount.type, device: device(of: mount))
        }
        // The root is always in the table, whatever its type, under its unchanged source.
        if let root = place.mounts.first(where: { $0.point == "/" }) {
            partitions[root.source] = Partition(type: root.type, device: root.device)
        }
    }

    /// The supported types apart from `ext*`, and from 9p if a patch supports it.
    private static let supported: Set<String> = ["btrfs", "overlay", "tmpfs", "xfs", "zfs"]

    /// Whether a directory's device is in the table; nil if the device could not be read.
    func holds(_ directory: String) -> Bool? {
        guard let device = place.devices[directory] else { return nil }
        if partitions.values.contains(where: { $0.device == device }) { return true }
        // On btrfs a subvolume has its own device number, so the source of the directory's mount is used.
        guard let mount = place.mounts.holding(directory), isOddBtrfs(mount) else { return false }
        return partitions[mount.source] != nil
    }

    private func key(of mount: Mount, isToldByPoint: (String) -> Bool) -> String {
        if isToldByPoint(mount.type) { return mount.point }
        return mount.type == "overlay" ? "\(mount.source)_\(mount.device.major)-\(mount.device.minor)" : mount.source
    }

    /// For btrfs the mount table and stat(2) have different device numbers; `getBtrfsMajorMinorIds` uses stat(2).
    private func device(of mount: Mount) -> DeviceNumber {
        isOddBtrfs(mount) ? place.devices[mount.point] ?? mount.device : mount.device
    }

    private func isOddBtrfs(_ mount: Mount) -> Bool {
        mount.type == "btrfs" && mount.device.major == 0 && mount.source.hasPrefix("/dev/")
    }
}
