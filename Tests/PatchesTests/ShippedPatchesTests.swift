import Foundation
import Git
import Model
import Patches
import SystemPackage
import Testing

/// The project's own registry against files that have the lines around each hunk and nothing else of upstream's.
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

    /// An era of an upstream: its files, and which variant of each patch is meant.
    struct Era: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let files: [String: String]
        let variants: [String: String]
    }

    static let eras = [
        Era(
            testDescription: "cAdvisor 0.38",
            files: ["fs/fs.go": map("// all ext systems are checked through prefix.", mount: "mount", type: "FsType", point: "MountPoint")],
            variants: ["9p-line": "v0.38", "9p-source": "v0.38"]),
        Era(
            testDescription: "cAdvisor with nfs",
            files: [
                "fs/fs.go": map(
                    "// because there are a number of families (e.g., ext3, ext4, nfs3, nfs4...)", mount: "mnt", type: "FSType",
                    point: "Mountpoint")
            ],
            variants: ["9p-line": "v0.38", "9p-source": "v0.39"]),
        Era(testDescription: "cAdvisor with plugins", files: plugins, variants: ["9p-line": "v0.55", "9p-source": "v0.55"]),
        Era(
            testDescription: "cAdvisor under lib/", files: Dictionary(uniqueKeysWithValues: plugins.map { ("lib/\($0)", $1) }),
            variants: ["9p-line": "v0.60", "9p-source": "v0.60"]),
        Era(
            testDescription: "runc rc92",
            files: [
                "fs/cpuacct.go": percpu("ioutil.ReadFile(filepath.Join(path, \"cpuacct.usage_percpu\"))"),
                "fs/memory.go": memory("\tstatsFile, err := os.Open(filepath.Join(path, \"memory.stat\"))"),
            ],
            variants: ["percpu": "rc92", "memory-usage": "rc92"]),
        Era(
            testDescription: "runc rc93",
            files: [
                "fs/cpuacct.go": percpu("fscommon.ReadFile(path, \"cpuacct.usage_percpu\")"),
                "fs/memory.go": memory("\tstatsFile, err := fscommon.OpenFile(path, \"memory.stat\", os.O_RDONLY)"),
            ],
            variants: ["percpu": "rc93", "memory-usage": "rc93"]),
        Era(
            testDescription: "runc 1.1 and opencontainers/cgroups",
            files: [
                "fs/cpuacct.go": percpu("cgroups.ReadFile(path, file)"),
                "fs/memory.go": memory("\tconst file = \"memory.stat\"\n\tstatsFile, err := cgroups.OpenFile(path, file, os.O_RDONLY)"),
            ],
            variants: ["percpu": "v1.1", "memory-usage": "v1.1"]),
    ]

    @Test("each era of an upstream has one variant of each patch, known by what stands in the files alone", arguments: eras)
    func oneVariant(_ era: Era) throws {
        let bench = try Bench()
        for (file, text) in era.files { try bench.write("src/\(file)", text) }
        let registry = try Registry(Self.folder)
        let source = SourceText(folder: FilePath("\(bench.path)/src"))
        for (patch, variant) in era.variants {
            let entry = try registry.entry(named: patch)
            let chosen = try PatchFitting(entry, at: Home(path: ".", version: nil), in: source, registry: registry).chosen()
            #expect(chosen.fit.variant.name == variant && chosen.by == .content)
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
