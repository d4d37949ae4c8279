// swift-tools-version:6.2
import PackageDescription

// Benchmarks are a package of their own: their peers are no dependency of the product.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

func platform(_ name: String) -> Target.Dependency { .product(name: name, package: "Capstan") }

let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "Capstan", path: ".."),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "bench",
            dependencies: [
                platform("Base"), platform("Telemetry"), platform("Caching"), platform("Coordination"),
                platform("CoordinationRedis"), platform("Storage"), platform("StoragePostgres"),
                platform("StorageSQLite"), platform("Jobs"), platform("Retrieval"), platform("AIProviders"),
                platform("Tournament"), platform("Inbox"),
                platform("capstan"), "PlainServer", "RealtimeServer", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "RealtimeServer",
            dependencies: [
                platform("Base"), platform("Telemetry"), platform("Coordination"), platform("Storage"),
                platform("StoragePostgres"), platform("StorageSQLite"), platform("CoordinationStorage"),
                platform("Realtime"), platform("Web"), platform("Hosting"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "PlainServer", dependencies: [.product(name: "Hummingbird", package: "hummingbird")],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
