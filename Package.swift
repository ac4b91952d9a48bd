// swift-tools-version: 6.2

import PackageDescription

/// The compiler settings of every target of this package: warnings are errors, and existential types need an explicit `any`.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A room is a library target. It depends only on rooms below it; see docs/architecture.md.
func room(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "ninepin",
    products: [.executable(name: "ninepin", targets: ["ninepin"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
    ],
    targets: [
        .systemLibrary(name: "CLibgit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        .systemLibrary(name: "CLibcurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CLibarchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CKernelLog"),
        // Ground floor: available to every room above.
        room("ExitCodes"),
        room("Paths", [system]),
        room("ELF"),
        room("Sanitizing"),
        room("Net"),
        room("Platforms", resources: [.embedInCode("Resources/platforms.tsv")]),
        room("Model", ["ExitCodes", "Paths", "Sanitizing", yams]),
        room("FileSystem", ["ExitCodes", "Model", "Paths", "Sanitizing", system, crypto]),
        room("Host", ["ExitCodes", "Model", "Sanitizing", "FileSystem", subprocess, system, crypto]),
        // Sources and patches.
        room("UnifiedDiff", ["ExitCodes", "CZlib", "Paths", "Sanitizing", crypto]),
        room("Git", ["ExitCodes", "UnifiedDiff", "CLibgit2", "Paths"]),
        room("GitRemote", ["ExitCodes", "Git", "CLibgit2", "Net", "Sanitizing"]),
        room("GitHistory", ["ExitCodes", "UnifiedDiff", "Git", "CLibgit2"]),
        room("Transfer", ["ExitCodes", "CLibcurl", "Net", "Sanitizing", crypto, system]),
        room("Archive", ["ExitCodes", "CLibarchive", "Paths", system]),
        room(
            "Sources",
            [
                "ExitCodes", "Platforms", "Model", "Paths", "Sanitizing", "FileSystem", "Host", "Git", "GitRemote", "Transfer", "Archive",
                system, crypto,
            ]),
        room("Patches", ["ExitCodes", "Model", "Paths", "Sanitizing", "FileSystem", "Host", "Git", "UnifiedDiff", "GitHistory", system]),
        // Build steps and their results, from a recipe to a binary.
        room("Store", ["ExitCodes", "Model", "FileSystem", "Host", system, crypto]),
        room("Runs", ["ExitCodes", "Model", "Paths", "Sanitizing", "FileSystem", "Host", "Store", system, crypto, grdb]),
        room("GoTree", ["ExitCodes", "Model", "Paths"]),
        room("GoToolchain", ["ExitCodes", "Model", "FileSystem", "Host", "Transfer", "Archive", system, crypto]),
        room(
            "Building",
            [
                "ExitCodes", "Platforms", "Model", "Paths", "Sanitizing", "FileSystem", "Host", "Git", "Archive", "Transfer", "Sources",
                "Patches",
                "GoTree", "GoToolchain",
                "Store", "Runs",
                system, crypto,
            ]),
        room(
            "PullRequests",
            [
                "ExitCodes", "Model", "Sanitizing", "FileSystem", "Host", "Git", "UnifiedDiff", "GitHistory", "Patches", "Store", "Runs",
                "Building", system,
            ]),
        // The sandbox, the node and the verdict.
        room("Sandbox", ["ExitCodes", "Model", "Paths", "ELF", "FileSystem", "Host", system, crypto]),
        room("LogLines", ["Model"]),
        room("Grading", ["Model", "LogLines"]),
        room("Cluster", ["ExitCodes", "Model", "FileSystem", "Host", "Transfer", "Grading", system]),
        room("Node", ["ExitCodes", "Model", "FileSystem", "Host", "Sandbox", "Cluster", "Grading", system, crypto, yams]),
        room("Supervisor", ["ExitCodes", "Model", "FileSystem", "Host", "Sandbox", "Cluster", "Node", system]),
        room("Preflight", ["Model", "FileSystem", "Host", "CKernelLog", system]),
        room(
            "Proving",
            [
                "ExitCodes", "Platforms", "Model", "FileSystem", "Host", "Git", "Transfer", "Sources", "Patches", "GoTree", "GoToolchain",
                "Store",
                "Runs",
                "Building", "Sandbox",
                "Cluster",
                "Grading", "Node", "Preflight", "Supervisor", system,
            ]),
        room("Comparing", ["Model", "Paths", "Sanitizing", "FileSystem", "LogLines", system, crypto]),
        room("Report", ["Model", "Sanitizing", yams]),
        room(
            "Publishing", ["Model", "Sanitizing", crypto],
            resources: [.embedInCode("Resources/report.css"), .embedInCode("Resources/report.js")]),
        room(
            "Nightly",
            [
                "ExitCodes", "Model", "Paths", "Sanitizing", "FileSystem", "Host", "Git", "GitRemote", "GitHistory", "GoTree", "Sources",
                "Patches", "GoToolchain",
                "Store", "Runs", "Building", "Sandbox", "LogLines", "Node", "Proving", system, crypto,
            ]),
        room(
            "Approaches",
            [
                "ExitCodes", "Model", "Paths", "Sanitizing", "FileSystem", "Host", "Sandbox", "Cluster", "Grading", "Node", "Patches",
                "GoToolchain",
                "Store", "Building", "Proving",
                "Report", system,
            ]),
        .executableTarget(
            name: "ninepin",
            dependencies: [
                "ExitCodes", "Approaches", "Nightly", "Publishing", "Comparing", "Runs", "Proving", "Building", "Store", "Report",
                "Preflight",
                "Supervisor", "Sandbox", "Grading",
                "Node", "PullRequests",
                "Patches", "GitHistory", "Git", "LogLines", "Archive", "Platforms", "Model", "Sanitizing", "Paths", "FileSystem", "Host",
                arguments, system,
            ],
            swiftSettings: strict),
        // For Benchmarks/nights only.
        .executableTarget(
            name: "ledger-speed", dependencies: ["Runs", "Store", "Model", "FileSystem", "Host", system], path: "Benchmarks/LedgerSpeed",
            swiftSettings: strict),
        // For tests only: test inputs, and servers on the loopback interface.
        .target(name: "TestInputs", path: "Tests/TestInputs", swiftSettings: strict),
        .target(name: "TestReports", dependencies: ["Model"], path: "Tests/TestReports", swiftSettings: strict),
        .target(name: "TestServers", path: "Tests/TestServers", swiftSettings: strict),
        .target(
            name: "TestSuite", dependencies: ["FileSystem", "Host", "TestServers", system], path: "Tests/TestSuite", swiftSettings: strict),
        .target(name: "Fuzzing", dependencies: ["TestInputs"], path: "Tests/Fuzzing", swiftSettings: strict),
        tests("PathsTests", ["TestInputs", "Paths", system]),
        tests("ELFTests", ["TestInputs", "ELF"]),
        tests("SanitizingTests", ["TestInputs", "Sanitizing"]),
        tests("ModelTests", ["Model"]),
        tests("HostTests", ["FileSystem", "Host", "Model", system]),
        tests("NetTests", ["Net"]),
        tests("PlatformsTests", ["Platforms"]),
        tests("GitTests", ["ExitCodes", "TestInputs", "Git", "UnifiedDiff"]),
        tests("GitRemoteTests", ["GitRemote", "Git"]),
        tests("GitHistoryTests", ["GitHistory", "Git"]),
        tests("TransferTests", ["Transfer", "Net", "TestServers", crypto, system]),
        tests("ArchiveTests", ["Archive", "Git", system]),
        tests("PatchesTests", ["ExitCodes", "FileSystem", "Patches", "UnifiedDiff", "GitHistory", "Git", "Model", system]),
        tests("PullRequestsTests", ["PullRequests", "Patches", "GitHistory", "Git", "Model", system]),
        tests("SourcesTests", ["Sources", "Transfer", "Archive", "Model", "FileSystem", "Host", system]),
        tests("GoToolchainTests", ["GoTree", "GoToolchain", "FileSystem", "Host", "Model", system]),
        tests("SandboxTests", ["TestInputs", "Sandbox", "FileSystem", "Host", "Model", system]),
        tests("ClusterTests", ["Cluster", "Grading", "Transfer", "TestServers", "FileSystem", "Host", system, yams]),
        tests("GradingTests", ["Grading", "LogLines", "Model"]),
        tests("NodeTests", ["Node", "Grading", "FileSystem", "Host", "Model", system, yams]),
        tests("VerdictTests", ["Approaches", "Node", "Grading", "Cluster", "Model", system]),
        tests("SupervisorTests", ["Supervisor", "Sandbox", "Cluster", "Model", "FileSystem", "Host", system]),
        tests("StoreTests", ["Store", "Model", "FileSystem", "Host", system]),
        tests("RunsTests", ["ExitCodes", "Runs", "Store", "Model", "FileSystem", "Host", system, grdb]),
        tests("PublishingTests", ["TestReports", "Publishing", "Model"]),
        tests(
            "NightlyTests",
            ["Nightly", "ExitCodes", "Building", "Git", "GitRemote", "Store", "Runs", "Patches", "Model", "FileSystem", "Host", system]),
        tests("ComparingTests", ["Comparing", "LogLines", "FileSystem", "Model", system]),
        tests("PreflightTests", ["Preflight", "Model"]),
        tests("ReportTests", ["TestReports", "Report", "Model"]),
        tests(
            "BuildingTests",
            [
                "Building", "Store", "Sources", "Transfer", "TestServers", "TestSuite", "GoTree", "GoToolchain", "Patches", "Model",
                "FileSystem", "Host", "Git", crypto, system,
            ]),
        tests(
            "ProvingTests",
            [
                "Proving", "Platforms", "Building", "Store", "Sources", "GoToolchain", "Transfer", "TestServers", "TestSuite", "Node",
                "ExitCodes",
                "Model",
                "FileSystem", "Host",
                crypto, system,
            ]),
        tests("ApproachesTests", ["TestInputs", "Approaches", "Grading", "Node", "FileSystem", "Host", "Model", system]),
        tests("UnifiedDiffTests", ["UnifiedDiff"]),
        tests(
            "FuzzTests",
            [
                "Fuzzing", "TestInputs", "Model", "Approaches", "FileSystem", "Host", "ELF", "UnifiedDiff", "Git", "GitHistory",
                "GitRemote", "Archive",
                "Transfer",
                "Sources", "GoTree", "GoToolchain",
                "Cluster", "Grading",
                "Supervisor", "Preflight", "Store", "Runs", "Nightly", "Comparing", "LogLines", crypto, system,
            ]),
        tests(
            "CommandTests",
            ["ninepin", "TestReports", "TestServers", "Platforms", "Sources", "Sandbox", "FileSystem", "Host", "Model", yams, system]),
    ]
)
