/// The table of file systems that cAdvisor 0.38 makes of the mount table, and by which kubelet finds the device of its directory. Follows
/// cAdvisor's `fs/fs.go` step by step: `processMounts`, `addSystemRootLabel`, `GetDirFsDevice`.
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
            // The second mount of one source is taken for a bind mount, and passed over.
            if partitions[mount.source] != nil, !isToldByPoint(mount.type) { continue }
            partitions[key(of: mount, isToldByPoint: isToldByPoint)] = Partition(type: mount.type, device: device(of: mount))
        }
        // The root is always in the table, whatever its type, under its source as it is.
        if let root = place.mounts.first(where: { $0.point == "/" }) {
            partitions[root.source] = Partition(type: root.type, device: root.device)
        }
    }

    /// Types that are supported beside `ext*`, and 9p where a patch supports it.
    private static let supported: Set<String> = ["btrfs", "overlay", "tmpfs", "xfs", "zfs"]

    /// Whether a directory's device is in the table; nil when the directory's device could not be read.
    func holds(_ directory: String) -> Bool? {
        guard let device = place.devices[directory] else { return nil }
        if partitions.values.contains(where: { $0.device == device }) { return true }
        // On btrfs a subvolume has a device number of its own: the mount that the directory lies in is taken, by its source.
        guard let mount = place.mounts.holding(directory), isOddBtrfs(mount) else { return false }
        return partitions[mount.source] != nil
    }

    private func key(of mount: Mount, isToldByPoint: (String) -> Bool) -> String {
        if isToldByPoint(mount.type) { return mount.point }
        return mount.type == "overlay" ? "\(mount.source)_\(mount.device.major)-\(mount.device.minor)" : mount.source
    }

    /// The mount table has another number for btrfs than stat(2): `getBtrfsMajorMinorIds` asks stat(2).
    private func device(of mount: Mount) -> DeviceNumber {
        isOddBtrfs(mount) ? place.devices[mount.point] ?? mount.device : mount.device
    }

    private func isOddBtrfs(_ mount: Mount) -> Bool {
        mount.type == "btrfs" && mount.device.major == 0 && mount.source.hasPrefix("/dev/")
    }
}
