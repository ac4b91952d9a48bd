import FoundationEssentials
import Testing

@testable import Platforms

@Suite("Platforms")
struct PlatformTests {
    private let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test("os-release is read without running it, and what is not told is empty")
    func release() {
        let told = OSRelease("PRETTY_NAME=\"x\"\nVERSION_ID=\"24.04\"\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME='noble'\n")
        #expect(told.id == "ubuntu" && told.version == "24.04" && told.suite == "noble")
        let empty = OSRelease("VERSION=13\nXID=debian\n")
        #expect(empty.id.isEmpty && empty.version.isEmpty && empty.suite.isEmpty)
        #expect(OSRelease("ID=\(String(repeating: "a", count: 10_000))").id.utf8.count == 64)
    }

    @Test("the platforms that Ninepin promises are supported on both architectures, and the table says how far that is known")
    func promised() {
        for (id, version) in [("debian", "12"), ("debian", "13"), ("ubuntu", "22.04"), ("ubuntu", "24.04"), ("fedora", "44")] {
            for architecture in ["amd64", "arm64"] {
                let found = PlatformTable.standard.platform(OSRelease("ID=\(id)\nVERSION_ID=\"\(version)\""), architecture: architecture)
                #expect(found.isSupported && !found.why.isEmpty, "\(found)")
                #expect((found.status == .tried) == (id == "debian" && architecture == "amd64"), "\(found)")
            }
        }
    }

    @Test(
        "an unknown release, an unknown distribution and an architecture without gVisor are not supported, and the reason is told",
        arguments: [
            ("ID=debian\nVERSION_ID=9", "amd64", Platform.Status.unknown, "'debian 9' on amd64 is not in the table"),
            ("ID=plan9", "amd64", .unknown, "'plan9 without a version' on amd64"), ("", "amd64", .unknown, "'unknown without a version'"),
            ("ID=debian\nVERSION_ID=13", "riscv64", .refused, "gVisor runs on amd64 and arm64 only"),
            ("ID=alpine\nVERSION_ID=3.22", "amd64", .refused, "musl"),
        ])
    func refused(_ text: String, _ architecture: String, _ status: Platform.Status, _ why: String) {
        let found = PlatformTable.standard.platform(OSRelease(text), architecture: architecture)
        #expect(found.status == status && !found.isSupported && found.why.contains(why), "\(found)")
        #expect(found.description.contains("not supported"))
    }

    @Test("what a platform has of its own and what it borrows from Debian is that of its rows, and nothing for a platform without rows")
    func packages() {
        func platform(_ text: String) -> Platform { PlatformTable.standard.platform(OSRelease(text), architecture: "amd64") }
        let (twelve, thirteen) = (platform("ID=debian\nVERSION_ID=12"), platform("ID=debian\nVERSION_ID=13"))
        let table = PlatformTable.standard
        #expect(table.packages(of: "go", on: twelve) == ["golang-1.19-go"] && table.packages(of: "go", on: thirteen).isEmpty)
        #expect(table.borrowed(on: twelve).map(\.what) == ["runsc"])
        let go = BorrowedPackages(what: "go-1.19", suite: "bookworm", packages: ["golang-1.19-go", "golang-1.19-src"])
        #expect(table.borrowed(on: thirteen).contains(go) && table.borrowed(on: platform("ID=fedora\nVERSION_ID=44")).contains(go))
        #expect(table.packages(of: "node", on: thirteen).contains("containerd"))
        #expect(table.packages(of: "node", on: platform("ID=plan9")).isEmpty && platform("ID=fedora").packageManager == "dnf")
    }

    @Test("every row of the table has its fields, and names platforms that the table has")
    func rows() throws {
        let text = try String(contentsOf: project.appending(path: "Sources/Platforms/Resources/platforms.tsv"), encoding: .utf8)
        #expect(PlatformTable(text).platforms == PlatformTable.standard.platforms)
        let known = Set(PlatformTable.standard.platforms.flatMap { ["\($0.id)-\($0.version)", "\($0.id)-*"] } + ["*"])
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            #expect(!fields.contains(""), "\(line)")
            switch fields[0] {
            case "platform":
                #expect(fields.count == 7 && Platform.Status(rawValue: String(fields[5])) != nil && fields[5] != "unknown", "\(line)")
            case "packages", "borrowed":
                #expect(fields.count >= (fields[0] == "packages" ? 4 : 5), "\(line)")
                for place in fields[1].split(separator: ",") { #expect(known.contains(String(place)), "\(line)") }
            default: Issue.record("no row of a known kind: \(line)")
            }
        }
    }

    @Test("docs/platforms.md has a row for every platform of the table, with its status")
    func page() throws {
        let page = try String(contentsOf: project.appending(path: "docs/platforms.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| ") }.map {
            $0.split(separator: "|").map { $0.filter { $0 != " " } }
        }
        for platform in PlatformTable.standard.platforms where platform.isSupported {
            let name = "\(platform.id)\(platform.version)"
            #expect(
                rows.contains {
                    $0.count >= 3 && $0[0].lowercased() == name && $0[1] == platform.architecture && $0[2] == platform.status.rawValue
                },
                "\(platform)")
        }
    }
}
