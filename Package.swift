// swift-tools-version:6.2
import PackageDescription

// The map of the house: every target on its floor. Imports go down only, which TidyTests checks.
//
// `CAPSTAN_ONLY=StorageTests,Web` in the environment prunes the package to those targets and what they stand on, so
// that the inner loop of one module compiles nothing else. `CAPSTAN_STRICT=1` turns warnings of our own targets into
// errors, as `Scripts/test` does; not set, whoever builds us as a dependency is spared a newer compiler's warnings.

// MARK: Dependencies

let packages: [Package.Dependency] = [
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
]

func external(_ product: String, _ package: String) -> Target.Dependency { .product(name: product, package: package) }

let logging = external("Logging", "swift-log")
let crypto = external("Crypto", "swift-crypto")
let scrypt = external("CryptoExtras", "swift-crypto")
let httpTypes = external("HTTPTypes", "swift-http-types")
let nioCore = external("NIOCore", "swift-nio")
let nioPosix = external("NIOPosix", "swift-nio")
let nioHTTP1 = external("NIOHTTP1", "swift-nio")
let nioEmbedded = external("NIOEmbedded", "swift-nio")
let nioWebSocket = external("NIOWebSocket", "swift-nio")
let nioSSL = external("NIOSSL", "swift-nio-ssl")
let asyncHTTPClient = external("AsyncHTTPClient", "async-http-client")
let subprocess = external("Subprocess", "swift-subprocess")
let system = external("SystemPackage", "swift-system")
let lifecycle = external("ServiceLifecycle", "swift-service-lifecycle")
let unixSignals = external("UnixSignals", "swift-service-lifecycle")
let hummingbird = external("Hummingbird", "hummingbird")
let hummingbirdCore = external("HummingbirdCore", "hummingbird")
let mustache = external("Mustache", "swift-mustache")
let jwt = external("JWTKit", "jwt-kit")
let grdb = external("GRDB", "GRDB.swift")
let sqlite = external("GRDBSQLite", "GRDB.swift")
let arguments = external("ArgumentParser", "swift-argument-parser")
let configuration = external("Configuration", "swift-configuration")

// MARK: Rooms

struct Room {
    enum Kind { case library, executable, system, test }

    var kind: Kind
    var name: String
    var path: String
    var uses: [String]
    var libraries: [Target.Dependency]
    var resources: [Resource]
}

func platform(
    _ name: String, _ uses: [String] = [], _ libraries: [Target.Dependency] = [], resources: [Resource] = []
) -> Room {
    Room(
        kind: .library, name: name, path: "Sources/Platform/\(name)", uses: uses, libraries: libraries,
        resources: resources)
}

func product(_ name: String, _ uses: [String], _ libraries: [Target.Dependency] = []) -> Room {
    Room(
        kind: .library, name: name, path: "Sources/Products/\(name)", uses: uses, libraries: libraries,
        resources: [.copy("Resources")])
}

func testKit(_ name: String, _ uses: [String], _ libraries: [Target.Dependency] = []) -> Room {
    Room(
        kind: .library, name: name, path: "Sources/TestKits/\(name)", uses: uses, libraries: libraries, resources: [])
}

func tests(_ name: String, _ uses: [String], _ libraries: [Target.Dependency] = []) -> Room {
    Room(kind: .test, name: name, path: "Tests/\(name)", uses: uses, libraries: libraries, resources: [])
}

let floors: [[Room]] = [
    // F0
    [platform("Base")],
    // F1
    [platform("Telemetry", ["Base"], [logging])],
    // F2
    [
        platform("Storage", ["Base", "Telemetry"], [logging, crypto, lifecycle]),
        platform("Coordination", ["Base", "Telemetry"], [logging, lifecycle]),
        platform("Outbound", ["Base", "Telemetry"], [nioCore, nioHTTP1, nioSSL, asyncHTTPClient]),
        platform("Blobs", ["Base", "Telemetry"], [logging, crypto, nioCore, nioPosix]),
        platform("Programs", ["Base"], [subprocess, system]),
    ],
    // F3
    [
        Room(kind: .system, name: "CZlib", path: "Sources/Platform/CZlib", uses: [], libraries: [], resources: []),
        platform("StorageSQLite", ["Base", "Telemetry", "Storage"], [logging, grdb, sqlite]),
        Room(
            kind: .system, name: "CLibPQ", path: "Sources/Platform/CLibPQ", uses: [], libraries: [], resources: []),
        platform("StoragePostgres", ["Base", "Telemetry", "Storage", "CLibPQ"], [logging]),
        platform(
            "CoordinationRedis", ["Base", "Telemetry", "Coordination"], [crypto, nioCore, nioPosix, nioSSL]),
        platform("CoordinationStorage", ["Base", "Telemetry", "Storage", "Coordination"]),
        platform("Caching", ["Base", "Telemetry", "Storage", "Coordination"], [logging]),
        platform("Limits", ["Base", "Telemetry", "Storage", "Coordination", "Outbound"], [logging, lifecycle]),
    ],
    // F4
    [
        platform("Jobs", ["Base", "Telemetry", "Storage", "Coordination", "Limits"], [logging, lifecycle]),
        platform(
            "Realtime", ["Base", "Telemetry", "Storage", "Coordination"], [crypto, nioCore, nioWebSocket, lifecycle]),
        platform(
            "AIProviders", ["Base", "Telemetry", "Storage", "Coordination", "Outbound", "Limits"], [crypto, nioCore]),
        platform(
            "BlobsS3", ["Base", "Telemetry", "Outbound", "Blobs", "Limits"], [crypto, nioCore]),
        platform(
            "Web", ["Base", "Telemetry", "Storage", "Blobs", "Caching", "Limits", "CZlib"],
            [logging, crypto, nioCore, nioPosix, nioHTTP1, lifecycle, hummingbird, hummingbirdCore, mustache, jwt],
            resources: [.copy("Resources")]),
    ],
    // F5
    [
        platform(
            "Accounts",
            ["Base", "Telemetry", "Storage", "Coordination", "Outbound", "Caching", "Limits", "Jobs", "Web"],
            [logging, crypto, scrypt, nioCore],
            resources: [.copy("Resources")]),
        platform("Retrieval", ["Base", "Telemetry", "Storage", "Programs", "AIProviders"], [crypto]),
    ],
    // F6
    [
        platform(
            "Hosting",
            [
                "Base", "Telemetry", "Storage", "Coordination", "Blobs", "Outbound", "Caching", "Limits", "Jobs",
                "Realtime", "AIProviders", "Web", "Accounts", "Retrieval",
            ],
            [logging, lifecycle], resources: [.copy("Resources")]),
        // The vendors' formats of Inbox, below it: they know nothing of its tables, and are built and tested without it.
        Room(
            kind: .library, name: "InboxVendors", path: "Sources/Products/InboxVendors",
            uses: ["Base", "Telemetry", "Outbound", "Limits"], libraries: [crypto, nioCore], resources: []),
    ],
    // F7
    [
        Room(
            kind: .system, name: "CPgQuery", path: "Sources/Platform/CPgQuery", uses: [], libraries: [], resources: []),
        Room(
            kind: .library, name: "Auditor", path: "Sources/Auditor",
            uses: ["Base", "Telemetry", "Storage", "Programs", "StoragePostgres", "CPgQuery"], libraries: [logging],
            resources: [.copy("Rules"), .copy("Words")]),
        product(
            "Tournament",
            [
                "Base", "Telemetry", "Storage", "Coordination", "Outbound", "Blobs", "Programs", "Caching", "Limits",
                "Jobs", "Web", "Accounts", "Hosting",
            ],
            [logging, crypto, nioCore, lifecycle]),
        product(
            "Discovery",
            [
                "Base", "Telemetry", "Storage", "Coordination", "Outbound", "Blobs", "Caching", "Limits", "Jobs",
                "Realtime", "Web",
                "Accounts", "Hosting",
            ],
            [logging, crypto, nioCore, lifecycle]),
        product(
            "Inbox",
            [
                "Base", "Telemetry", "Storage", "Coordination", "Outbound", "Blobs", "Caching", "Limits", "Jobs",
                "Realtime", "AIProviders", "Web", "Accounts", "Retrieval", "Hosting", "InboxVendors",
            ],
            [logging, crypto, nioCore, lifecycle]),
    ],
    // F8
    [
        Room(
            kind: .executable, name: "capstan", path: "Sources/CLI",
            uses: [
                "Base", "Telemetry", "Storage", "StorageSQLite", "StoragePostgres", "Coordination",
                "CoordinationRedis", "CoordinationStorage", "Blobs", "BlobsS3", "Outbound", "Caching", "Limits", "Jobs",
                "Realtime", "AIProviders", "Web", "Accounts", "Retrieval", "Hosting", "Tournament", "Discovery",
                "Inbox", "Auditor",
            ],
            libraries: [logging, crypto, arguments, configuration, lifecycle, unixSignals], resources: [])
    ],
]

let kits: [Room] = [
    testKit("BaseTestKit", ["Base"]),
    testKit("CoordinationTestKit", ["Base", "BaseTestKit", "Storage", "Coordination", "Caching", "Limits"]),
    testKit("StorageTestKit", ["Base", "BaseTestKit", "Telemetry", "Storage"], [logging]),
    testKit("StorageBackends", ["Base", "Storage", "StorageTestKit", "StorageSQLite", "StoragePostgres"], [logging]),
    testKit(
        "JobsTestKit", ["Base", "BaseTestKit", "Telemetry", "Storage", "StorageTestKit", "Coordination", "Jobs"]),
    testKit(
        "RealtimeTestKit",
        ["Base", "BaseTestKit", "Telemetry", "Storage", "StorageTestKit", "Coordination", "Realtime"],
        [nioCore, nioEmbedded]),
    testKit("OutboundTestKit", ["Base", "Telemetry", "Outbound"], [nioCore, nioPosix, nioHTTP1, nioSSL]),
    testKit(
        "AIProvidersTestKit", ["Base", "BaseTestKit", "Telemetry", "Outbound", "OutboundTestKit", "AIProviders"],
        [nioCore]),
    testKit(
        "InboxTestKit", ["Base", "BaseTestKit", "Telemetry", "Outbound", "OutboundTestKit", "InboxVendors"],
        [crypto, nioCore]),
    testKit("BlobsTestKit", ["Base", "BaseTestKit", "Telemetry", "Blobs"], [nioCore]),
    testKit("WebTestKit", ["Base", "BaseTestKit", "Telemetry", "Web"], [nioCore, nioPosix, lifecycle, logging]),
]

let suites: [Room] = [
    tests("BaseTests", ["Base", "BaseTestKit"]),
    tests("TelemetryTests", ["Base", "BaseTestKit", "Telemetry"], [logging]),
    tests("StorageTests", ["Base", "BaseTestKit", "Telemetry", "Storage", "StorageTestKit"], [logging, lifecycle]),
    tests(
        "StorageConformanceTests",
        ["Base", "BaseTestKit", "Telemetry", "Storage", "StorageTestKit", "StorageBackends"], [logging, lifecycle]),
    tests("StorageSQLiteTests", ["Base", "BaseTestKit", "Storage", "StorageTestKit", "StorageSQLite"], [logging]),
    tests(
        "StoragePostgresTests",
        [
            "Base", "BaseTestKit", "Telemetry", "Storage", "StorageTestKit", "StoragePostgres", "CLibPQ",
        ], [logging]),
    tests("CoordinationTests", ["Base", "BaseTestKit", "Coordination", "CoordinationTestKit"]),
    tests(
        "CoordinationRedisTests",
        ["Base", "BaseTestKit", "Telemetry", "Coordination", "CoordinationTestKit", "CoordinationRedis"],
        [nioCore, nioPosix]),
    tests(
        "CoordinationStorageTests",
        [
            "Base", "BaseTestKit", "Telemetry", "Storage", "StorageTestKit", "StorageBackends", "Coordination",
            "CoordinationTestKit", "CoordinationStorage",
        ]),
    tests(
        "OutboundTests", ["Base", "BaseTestKit", "Telemetry", "Outbound", "OutboundTestKit"], [nioCore]),
    tests("ProgramsTests", ["Base", "Programs"]),
    tests("BlobsTests", ["Base", "BaseTestKit", "Telemetry", "Blobs", "BlobsTestKit"], [nioCore, nioPosix]),
    tests(
        "BlobsS3Tests",
        [
            "Base", "BaseTestKit", "Telemetry", "Outbound", "OutboundTestKit", "Blobs", "BlobsTestKit", "Limits",
            "BlobsS3",
        ], [nioCore]),
    tests(
        "AIProvidersTests",
        [
            "Base", "BaseTestKit", "Telemetry", "Storage", "StorageTestKit", "StorageBackends", "Coordination",
            "Outbound", "OutboundTestKit", "Limits", "AIProviders", "AIProvidersTestKit", "Web", "WebTestKit",
            "Hosting",
        ], [logging, nioCore]),
    tests(
        "RetrievalTests",
        [
            "Base", "BaseTestKit", "Telemetry", "Storage", "StorageTestKit", "StorageBackends", "Coordination",
            "Outbound", "OutboundTestKit", "Limits", "AIProviders", "AIProvidersTestKit", "Retrieval",
        ], [logging]),
    tests("CachingTests", ["Base", "BaseTestKit", "Telemetry", "Storage", "Coordination", "Caching"], [logging]),
    tests(
        "LimitsTests",
        [
            "Base", "BaseTestKit", "Telemetry", "Storage", "StorageTestKit", "StorageBackends", "Coordination",
            "Outbound", "OutboundTestKit", "Limits",
        ], [logging, lifecycle]),
    tests(
        "JobsTests",
        [
            "Base", "BaseTestKit", "Telemetry", "Storage", "StorageTestKit", "StorageBackends", "Coordination",
            "Limits", "Jobs",
            "JobsTestKit",
        ]),
    tests(
        "RealtimeTests",
        [
            "Base", "BaseTestKit", "Telemetry", "Storage", "StorageTestKit", "StorageBackends", "Coordination",
            "CoordinationRedis", "CoordinationStorage", "Realtime", "RealtimeTestKit", "Limits", "Web", "WebTestKit",
            "Hosting",
        ], [nioCore]),
    tests(
        "WebTests",
        [
            "Base", "BaseTestKit", "Telemetry", "Storage", "StorageTestKit", "Blobs", "Caching", "Limits", "Web",
            "WebTestKit",
        ],
        [logging, crypto, nioCore, nioPosix, nioHTTP1, lifecycle]),
    tests(
        "AccountsTests",
        [
            "Base", "BaseTestKit", "Telemetry", "Storage", "StorageTestKit", "StorageBackends", "Outbound",
            "OutboundTestKit", "Coordination", "Caching", "Limits", "Jobs", "Web", "WebTestKit", "Accounts",
        ],
        [logging, crypto, httpTypes, nioCore]),
    tests(
        "HostingTests",
        [
            "Base", "BaseTestKit", "Telemetry", "Storage", "StorageTestKit", "StorageBackends", "Coordination", "Blobs",
            "Outbound", "Caching", "Limits", "Jobs", "Realtime", "AIProviders", "Web", "WebTestKit", "Accounts",
            "Retrieval", "Hosting",
        ],
        [logging, httpTypes]),
    tests(
        "TournamentTests",
        [
            "Base", "BaseTestKit", "Telemetry", "Outbound", "OutboundTestKit", "Storage", "StorageTestKit",
            "StorageBackends", "Blobs", "Programs", "Coordination", "Caching", "Limits", "Jobs", "Web", "WebTestKit",
            "Accounts", "Hosting", "Tournament",
        ],
        [logging, crypto, httpTypes, nioCore, lifecycle]),
    tests(
        "DiscoveryTests",
        [
            "Base", "BaseTestKit", "Telemetry", "Coordination", "Outbound", "OutboundTestKit", "Storage",
            "StorageTestKit", "StorageBackends", "Blobs", "BlobsTestKit", "Caching", "Limits", "Jobs", "Realtime",
            "RealtimeTestKit", "Web", "WebTestKit",
            "Accounts", "Hosting", "Discovery",
        ],
        [logging, crypto, httpTypes, nioCore, lifecycle]),
    tests(
        "InboxTests",
        [
            "Base", "BaseTestKit", "Telemetry", "Coordination", "Outbound", "OutboundTestKit", "Storage",
            "StorageTestKit", "StorageBackends", "Blobs", "BlobsTestKit", "Caching", "Limits", "Jobs", "JobsTestKit",
            "Realtime", "RealtimeTestKit", "AIProviders", "AIProvidersTestKit", "Retrieval", "Web", "WebTestKit",
            "Accounts", "Hosting", "InboxVendors", "InboxTestKit", "Inbox",
        ],
        [logging, crypto, httpTypes, nioCore, lifecycle]),
    tests(
        "InboxVendorTests",
        [
            "Base", "BaseTestKit", "Telemetry", "Outbound", "OutboundTestKit", "Limits", "InboxVendors", "InboxTestKit",
        ], [crypto, nioCore]),
    Room(
        kind: .test, name: "AuditorTests", path: "Tests/AuditorTests",
        uses: ["Base", "BaseTestKit", "Storage", "StoragePostgres", "Programs", "Auditor"], libraries: [logging],
        resources: [.copy("Fixtures")]),
    tests(
        "CLITests", ["Base", "Programs", "Outbound", "BlobsS3", "Hosting", "Web", "Auditor", "capstan"], [arguments]),
    tests(
        "SystemTests",
        [
            "Base", "BaseTestKit", "Outbound", "OutboundTestKit", "AIProviders", "AIProvidersTestKit", "InboxVendors",
            "InboxTestKit",
        ], [logging]),
    tests("TidyTests", []),
]

// MARK: Pruning

let rooms = floors.flatMap { $0 } + kits + suites

let kept: Set<String> = {
    guard let only = Context.environment["CAPSTAN_ONLY"], !only.isEmpty else { return Set(rooms.map(\.name)) }
    var open = only.split(separator: ",").map(String.init)
    var found: Set<String> = []
    while let name = open.popLast() {
        guard let room = rooms.first(where: { $0.name == name }), found.insert(name).inserted else { continue }
        open += room.uses
    }
    return found.intersection(rooms.map(\.name))
}()

// MARK: Package

let strict: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + (Context.environment["CAPSTAN_STRICT"] == "1" ? [.treatAllWarnings(as: .error)] : [])

let systemPackages: [String: (pkgConfig: String?, debian: String)] = [
    "CLibPQ": (pkgConfig: "libpq", debian: "libpq-dev"), "CZlib": (pkgConfig: "zlib", debian: "zlib1g-dev"),
    "CPgQuery": (pkgConfig: nil, debian: "libpg-query-dev"),
]

let targets: [Target] = rooms.filter { kept.contains($0.name) }.map { room in
    let dependencies = room.uses.filter(kept.contains).map { Target.Dependency(stringLiteral: $0) } + room.libraries
    switch room.kind {
    case .library:
        return .target(
            name: room.name, dependencies: dependencies, path: room.path, resources: room.resources,
            swiftSettings: strict)
    case .executable:
        return .executableTarget(
            name: room.name, dependencies: dependencies, path: room.path, swiftSettings: strict)
    case .system:
        return .systemLibrary(
            name: room.name, path: room.path, pkgConfig: systemPackages[room.name]?.pkgConfig,
            providers: systemPackages[room.name].map { [.apt([$0.debian])] })
    case .test:
        return .testTarget(
            name: room.name, dependencies: dependencies, path: room.path, resources: room.resources,
            swiftSettings: strict)
    }
}

let package = Package(
    name: "Capstan",
    platforms: [.macOS(.v15)],
    products: rooms.filter { kept.contains($0.name) }.compactMap { room -> Product? in
        switch room.kind {
        case .library: .library(name: room.name, targets: [room.name])
        case .executable: .executable(name: room.name, targets: [room.name])
        case .system, .test: nil
        }
    },
    dependencies: packages,
    targets: targets,
    swiftLanguageModes: [.v6]
)
