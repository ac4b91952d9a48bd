// swift-tools-version: 6.2

import PackageDescription

/// What every target of ours is compiled with: a warning is an error, and `any` is written where it is meant.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A room of the house: a library target. Arrows go down only; docs/architecture.md draws them.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "ninepin",
    products: [.executable(name: "ninepin", targets: ["ninepin"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
    ],
    targets: [
        .systemLibrary(name: "CLibgit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        .systemLibrary(name: "CLibcurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CLibarchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CKernelLog"),
        room("Paths", [system]),
        room("ELF"),
        room("Sanitizing"),
        room("Model", ["Paths", "Sanitizing", yams]),
        room("Host", ["Model", "Paths", "Sanitizing", subprocess, system, crypto]),
        room("Git", ["CLibgit2", "CZlib", "Paths", "Sanitizing"]),
        room("Authorities"),
        room("GitRemote", ["Git", "CLibgit2", "Authorities", "Sanitizing"]),
        room("GitHistory", ["Git", "CLibgit2"]),
        room("Transfer", ["CLibcurl", "Authorities", "Sanitizing", crypto, system]),
        room("Archive", ["CLibarchive", "Paths", system]),
        room("Sources", ["Model", "Paths", "Sanitizing", "Host", "Git", "GitRemote", "Transfer", "Archive", system, crypto]),
        room("Patches", ["Model", "Host", "Git", "GitHistory", system]),
        room("PullRequests", ["Model", "Sanitizing", "Host", "Git", "GitHistory", "Patches", system]),
        room("GoToolchain", ["Model", "Paths", "Host", "Transfer", "Archive", system, crypto]),
        room("Sandbox", ["Model", "Paths", "ELF", "Host", system, crypto]),
        room("Cluster", ["Model", "Host", "Transfer", system]),
        room("Grading", ["Model", "Cluster"]),
        room("Node", ["Model", "Host", "Sandbox", "Cluster", "Grading", system, crypto]),
        room("Keeping", ["Model", "Host", "Sandbox", "Cluster", "Node", system]),
        room("Here", ["Model", "Host", "CKernelLog", system]),
        room("Ledger", ["Model", "Paths", "Host", system]),
        room("Report", ["Model", "Sanitizing"]),
        room(
            "Pipeline",
            [
                "Model", "Paths", "Sanitizing", "Host", "Git", "GitRemote", "GitHistory", "Archive", "Transfer", "Sources", "Patches",
                "PullRequests",
                "GoToolchain", "Sandbox", "Cluster", "Grading", "Node", "Here", "Keeping", "Ledger", system, crypto,
            ]),
        .executableTarget(
            name: "ninepin",
            dependencies: [
                "Pipeline", "Report", "Here", "Keeping", "Sandbox", "Grading", "Node", "PullRequests", "Patches", "GitHistory", "Git",
                "Model", "Sanitizing", "Host", arguments, system,
            ],
            swiftSettings: strict),
        // For tests only: what they feed to the code, and servers on the loopback.
        .target(name: "TestInputs", path: "Tests/TestInputs", swiftSettings: strict),
        .target(name: "TestServers", path: "Tests/TestServers", swiftSettings: strict),
        .target(name: "Fuzzing", dependencies: ["TestInputs"], path: "Tests/Fuzzing", swiftSettings: strict),
        tests("PathsTests", ["TestInputs", "Paths", system]),
        tests("ELFTests", ["TestInputs", "ELF"]),
        tests("SanitizingTests", ["TestInputs", "Sanitizing"]),
        tests("ModelTests", ["TestInputs", "Model"]),
        tests("HostTests", ["Host", "Model", system]),
        tests("AuthoritiesTests", ["Authorities"]),
        tests("GitTests", ["TestInputs", "Git"]),
        tests("GitRemoteTests", ["GitRemote", "Git"]),
        tests("GitHistoryTests", ["GitHistory", "Git"]),
        tests("TransferTests", ["Transfer", "TestServers", crypto, system]),
        tests("ArchiveTests", ["Archive", "Git", system]),
        tests("PatchesTests", ["Patches", "Git", "Model", system]),
        tests("PullRequestsTests", ["PullRequests", "Patches", "GitHistory", "Git", "Model", "Host", system]),
        tests("SourcesTests", ["Sources", "Transfer", "Archive", "Model", "Host", system]),
        tests("GoToolchainTests", ["GoToolchain", "Host", "Model", system]),
        tests("SandboxTests", ["TestInputs", "Sandbox", "Host", "Model", system]),
        tests("ClusterTests", ["Cluster", "Transfer", "TestServers", "Host", system, yams]),
        tests("GradingTests", ["Grading", "Cluster", "Model"]),
        tests("NodeTests", ["Node", "Grading", "Host", "Model", system]),
        tests("VerdictTests", ["Node", "Grading", "Cluster", "Host", "Model", system]),
        tests("KeepingTests", ["Keeping", "Node", "Sandbox", "Cluster", "Model", "Host", system]),
        tests("LedgerTests", ["Ledger", "Model", "Host", system]),
        tests("HereTests", ["Here", "Model"]),
        tests("ReportTests", ["Report", "Model"]),
        tests(
            "PipelineTests",
            ["Pipeline", "Sources", "Transfer", "TestServers", "GoToolchain", "Patches", "Model", "Host", "Git", crypto, system]),
        tests(
            "FuzzTests",
            [
                "Fuzzing", "TestInputs", "Model", "Host", "ELF", "Git", "GitRemote", "Archive", "Transfer", "Sources", "GoToolchain",
                "Cluster", "Grading",
                "Keeping", "Here", "Ledger", crypto, system,
            ]),
        tests("CommandTests", ["ninepin", "TestServers", "Sandbox", "Host", "Model", system]),
    ]
)
