import Foundation
import Git
import Model
import Patches
import SystemPackage
import Testing
import UnifiedDiff

/// Tests the project's own registry with files that contain only the upstream lines around each hunk.
@Suite("The patches that come with Ninepin")
struct ShippedPatchesTests {
    private static let folder = FilePath(
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "patches").path)

    private static func map(_ comment: String, mount: String, type: String, point: String) -> String {
        """
        package fs
        \t\t\(comment)
        \t\t"btrfs":   true,
        \t\t"xfs":     true,
        \t\t"zfs":     true,
        \t}

        \tloop()
        \t\t}
        \t\t// Avoid bind mounts, exclude tmpfs.
        \t\tif _, ok := partitions[\(mount).Source]; ok {
        \t\t\tif \(mount).\(type) != "tmpfs" {
        \t\t\t\tcontinue
        \tmore()

        \t\t// using mountpoint to replace device once fstype it tmpfs
        \t\tif \(mount).\(type) == "tmpfs" {
        \t\t\t\(mount).Source = \(mount).\(point)

        """
    }

    private static let plugins = [
        "fs/fs.go": """
        package fs

        \t\t// Avoid bind mounts, but allow tmpfs duplicates (handled by plugin's ProcessMount)
        \t\tif _, ok := partitions[mnt.Source]; ok {
        \t\t\tif mnt.FSType != "tmpfs" {
        \t\t\t\tcontinue

        """,
        "fs/tmpfs/plugin.go": """
        package tmpfs

        // CanHandle returns true if the filesystem type is tmpfs.
        func (p *tmpfsPlugin) CanHandle(fsType string) bool {
        \treturn fsType == "tmpfs"
        }

        """,
        "fs/vfs/plugin.go": """
        package vfs
        \tswitch fsType {
        \tcase "xfs", "squashfs", "f2fs", "jfs", "reiserfs", "hfs", "hfsplus",
        \t\t"ntfs", "vfat", "fat", "msdos", "exfat", "udf", "iso9660":

        """,
    ]

    private static func percpu(_ read: String) -> String {
        "package fs\n\tpercpuUsage := []uint64{}\n\tdata, err := \(read)\n\tif err != nil {\n\t\treturn percpuUsage, err\n\t}\n"
    }

    private static func memory(_ opening: String) -> String {
        """
        package fs
        \(opening)
        \tif err != nil {
        \t\tif os.IsNotExist(err) {
        \t\t\treturn nil
        \t\t}
        \t\treturn err
        \t}
        \tdefer statsFile.Close()

        """
    }

    /// The cgroup v2 readers of the oldest releases.
    private static func oldest(imports: String, opening: String) -> [String: String] {
        [
            "fs2/hugetlb.go": """
            package fs2

            import (
            \(imports)
            )
            func statHugeTlb(dirPath string, stats *cgroups.Stats) error {
            \thugePageSizes, err := cgroups.GetHugePageSize()
            \tif err != nil {
            \t\treturn errors.Wrap(err, "failed to fetch hugetlb info")
            \t}
            \thugetlbStats := cgroups.HugetlbStats{}

            """,
            "fs2/memory.go": """
            package fs2
            \t// Set stats from memory.stat.
            \tstatsFile, err := \(opening)
            \tif err != nil {
            \t\treturn err
            \t}
            \tdefer statsFile.Close()


            """,
        ]
    }

    /// The cgroup v2 memory reader, with its complete meminfo reader.
    private static func memoryOfV2(_ meminfo: String) -> [String: String] {
        [
            "fs2/memory.go": """
            package fs2
            \tconst file = "memory.stat"
            \tstatsFile, err := cgroups.OpenFile(dirPath, file, os.O_RDONLY)
            \tif err != nil {
            \t\treturn err
            \t}
            \tdefer statsFile.Close()

            \tmore()
            \treturn memoryData, nil
            }

            \(meminfo)

            """
        ]
    }

    private static let rootOfV2 = """
        func rootStatsFromMeminfo(stats *cgroups.Stats) error {
        \tvar (
        \t\tswap_free  uint64
        \t\tswap_total uint64
        \t)
        \tmem := map[string]*uint64{
        \t\t"SwapFree":  &swap_free,
        \t\t"SwapTotal": &swap_total,
        \t}

        \tfound := 0
        \tmore()
        \t// sum `anon` + `file` to report the same value as `usage_in_bytes` in v1.
        \t// sum swap usage as combined mem+swap usage for consistency as well.
        \tstats.MemoryStats.Usage.Usage = stats.MemoryStats.Stats["anon"] + stats.MemoryStats.Stats["file"]
        \tstats.MemoryStats.Usage.Limit = math.MaxUint64
        \tstats.MemoryStats.SwapUsage.Usage = (swap_total - swap_free) * 1024
        \tstats.MemoryStats.SwapUsage.Limit = math.MaxUint64
        """

    /// An era of an upstream: its files, and the expected variant of each patch.
    struct Era: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let files: [String: String]
        let variants: [String: String]
        /// Releases that have these lines.
        let releases: [String]
    }

    static let eras = [
        Era(
            testDescription: "cAdvisor 0.38",
            files: ["fs/fs.go": map("// all ext systems are checked through prefix.", mount: "mount", type: "FsType", point: "MountPoint")],
            variants: ["9p-line": "v0.38", "9p-source": "v0.38"], releases: ["0.36.0", "0.37.5", "v0.38.6", "v0.38.8"]),
        Era(
            testDescription: "cAdvisor with nfs",
            files: [
                "fs/fs.go": map(
                    "// because there are a number of families (e.g., ext3, ext4, nfs3, nfs4...)", mount: "mnt", type: "FSType",
                    point: "Mountpoint")
            ],
            variants: ["9p-line": "v0.38", "9p-source": "v0.39"],
            releases: ["v0.39.0", "0.46.1", "v0.49.0-openshift-4.17-4", "v0.51.0", "v0.52.1", "v0.53.0", "v0.54.1"]),
        Era(
            testDescription: "cAdvisor with plugins", files: plugins, variants: ["9p-line": "v0.55", "9p-source": "v0.55"],
            releases: ["v0.55.0", "v0.56.2"]),
        Era(
            testDescription: "cAdvisor under lib/", files: Dictionary(uniqueKeysWithValues: plugins.map { ("lib/\($0)", $1) }),
            variants: ["9p-line": "v0.60", "9p-source": "v0.60"], releases: ["v0.60.0", "v0.60.5"]),
        Era(
            testDescription: "runc rc92",
            files: [
                "fs/cpuacct.go": percpu("ioutil.ReadFile(filepath.Join(path, \"cpuacct.usage_percpu\"))"),
                "fs/memory.go": memory("\tstatsFile, err := os.Open(filepath.Join(path, \"memory.stat\"))"),
            ],
            variants: ["percpu": "rc92", "memory-usage": "rc92"],
            releases: ["v1.0.0-rc1", "1.0.0-rc10", "v1.0.0-rc92", "v1.0.0-rc92-k3s1", "v1.0.0-rc92.0.20201201120000-0123456789ab"]),
        Era(
            testDescription: "runc rc93",
            files: [
                "fs/cpuacct.go": percpu("fscommon.ReadFile(path, \"cpuacct.usage_percpu\")"),
                "fs/memory.go": memory("\tstatsFile, err := fscommon.OpenFile(path, \"memory.stat\", os.O_RDONLY)"),
            ],
            variants: ["percpu": "rc93", "memory-usage": "rc93"],
            releases: [
                "v1.0.0-rc92.0.20201201120000-0123456789ab", "v1.0.0-rc93", "v1.0.0-rc94", "v1.0.0-rc95",
                "v1.0.0-rc95.0.20210601120000-0123456789ab",
            ]),
        Era(
            testDescription: "runc 1.0",
            files: [
                "fs/cpuacct.go": percpu("cgroups.ReadFile(path, \"cpuacct.usage_percpu\")"),
                "fs/memory.go": memory("\tstatsFile, err := cgroups.OpenFile(path, \"memory.stat\", os.O_RDONLY)"),
            ],
            variants: ["percpu": "v1.0", "memory-usage": "v1.0"],
            releases: ["v1.0.0", "v1.0.1", "1.0.2+dev", "v1.0.3", "v1.0.0-rc95.0.20210707084245-0123456789ab"]),
        Era(
            testDescription: "runc 1.1 and opencontainers/cgroups",
            files: [
                "fs/cpuacct.go": percpu("cgroups.ReadFile(path, file)"),
                "fs/memory.go": memory("\tconst file = \"memory.stat\"\n\tstatsFile, err := cgroups.OpenFile(path, file, os.O_RDONLY)"),
            ],
            variants: ["percpu": "v1.1", "memory-usage": "v1.1"],
            releases: ["v1.1.0-rc.1", "v1.1.0", "v1.1.13", "v1.2.1", "v1.2.9", "v0.0.1", "v0.0.3", "v0.0.6", "v0.1.0"]),
        Era(
            testDescription: "runc rc92 on cgroup v2",
            files: oldest(
                imports: "\t\"io/ioutil\"\n\t\"path/filepath\"\n\t\"strconv\"\n\t\"strings\"\n",
                opening: "os.Open(filepath.Join(dirPath, \"memory.stat\"))"),
            variants: ["v2-missing-files": "rc92"], releases: ["v1.0.0-rc92", "v1.0.0-rc92-k3s1"]),
        Era(
            testDescription: "runc rc93 on cgroup v2",
            files: oldest(
                imports: "\t\"strconv\"\n\n\t\"github.com/pkg/errors\"\n",
                opening: "fscommon.OpenFile(dirPath, \"memory.stat\", os.O_RDONLY)"),
            variants: ["v2-missing-files": "rc93"], releases: ["v1.0.0-rc93"]),
        Era(
            testDescription: "runc 1.1 on cgroup v2",
            files: memoryOfV2(
                """
                func statsFromMeminfo(stats *cgroups.Stats) error {
                \tconst file = "/proc/meminfo"
                \tf, err := os.Open(file)
                \tif err != nil {
                """),
            variants: ["memory-usage-v2": "v1.1"], releases: ["v1.1.0", "v1.1.5"]),
        Era(
            testDescription: "runc 1.1.15 and opencontainers/cgroups on cgroup v2", files: memoryOfV2(rootOfV2),
            variants: ["memory-usage-v2": "v1.2"], releases: ["v1.1.15", "v1.2.1", "v0.0.1", "v0.0.6", "v0.1.0"]),
    ]

    @Test("each era of an upstream has one variant of each patch, known by what stands in the files alone", arguments: eras)
    func oneVariant(_ era: Era) throws {
        let fixture = try RegistryFixture()
        for (file, text) in era.files { try fixture.write("src/\(file)", text) }
        let registry = try Registry(Self.folder)
        let source = SourceText(folder: FilePath("\(fixture.path)/src"))
        for (patch, variant) in era.variants {
            let entry = try registry.entry(named: patch)
            let chosen = try PatchMatcher(entry, at: Home(path: ".", version: nil), in: source, registry: registry).chosen()
            #expect(chosen.match.variant.name == variant && chosen.by == .content)
        }
    }

    @Test("each release of an era is one that its variants were written for, and so are forks of it", arguments: eras)
    func written(_ era: Era) throws {
        let fixture = try RegistryFixture()
        for (file, text) in era.files { try fixture.write("src/\(file)", text) }
        let registry = try Registry(Self.folder)
        let source = SourceText(folder: FilePath("\(fixture.path)/src"))
        for patch in era.variants.keys {
            let entry = try registry.entry(named: patch)
            for release in era.releases {
                let version = try #require(Version(release))
                let match = try PatchMatcher(entry, at: Home(path: ".", version: version), in: source, registry: registry).chosen().match
                #expect(match.agrees == true && entry.versions.contains(version), "\(patch), \(match.variant.name): \(release)")
            }
        }
    }

    @Test("every variant lies within the versions that its patch is for, and every upstream says where it may lie")
    func described() throws {
        let registry = try Registry(Self.folder)
        for entry in registry.entries {
            #expect(registry.upstreams[entry.name.upstream]?.homes.isEmpty == false)
            for variant in entry.variants { #expect(try !registry.patch(variant, of: entry).files.isEmpty) }
        }
    }
}
