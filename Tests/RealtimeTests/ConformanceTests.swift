import Base
import Coordination
import CoordinationRedis
import CoordinationStorage
import Foundation
import RealtimeTestKit
import StorageBackends
import StorageTestKit
import Telemetry
import Testing

/// The suite on both engines, over every bus that carries between nodes of them.
@Suite(.databases) struct ConformanceTests {
    @Test(arguments: RealtimeConformance.allCases, Backend.all)
    func `topics do what they promise within a process`(sentence: RealtimeConformance, backend: Backend) async throws {
        try await sentence.check(on: backend, sharing: .inProcess())
    }

    @Test(arguments: RealtimeConformance.allCases, Backend.all.filter { $0.name != "sqlite" })
    func `topics do what they promise over PostgreSQL`(
        sentence: RealtimeConformance, backend: Backend
    ) async throws {
        let sharing = RealtimeSharing("postgres", modules: [CoordinationSchema.module]) { storage in
            StorageCoordination.services(
                storage, clock: SystemClock(), randomness: SystemRandomness(), events: .silent())
        }
        try await sentence.check(on: backend, sharing: sharing)
    }

    @Test(.enabled(if: Self.redis != nil), arguments: RealtimeConformance.allCases, Backend.all)
    func `topics do what they promise over Redis`(sentence: RealtimeConformance, backend: Backend) async throws {
        let address = try RedisAddress(try #require(Self.redis))
        let prefix = "realtime-\(SystemRandomness().next())"
        let sharing = RealtimeSharing("redis") { _ in
            var options = RedisOptions()
            options.prefix = prefix
            options.commandTimeout = .seconds(20)
            return .redis(
                try RedisClient(
                    address, options: options, clock: SystemClock(), randomness: SystemRandomness(),
                    events: .silent()))
        }
        try await sentence.check(on: backend, sharing: sharing)
    }

    static let redis = ProcessInfo.processInfo.environment["CAPSTAN_TEST_REDIS"]
}
