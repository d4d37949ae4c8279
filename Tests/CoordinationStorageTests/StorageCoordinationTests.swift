import Base
import Coordination
import CoordinationTestKit
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing

@testable import CoordinationStorage

/// The three contracts in PostgreSQL, directly and behind PgBouncer.
@Suite(.databases) struct StorageCoordinationTests {
    static let backends = Backend.all.filter { $0.name != "sqlite" }

    @Test(arguments: backends, BusConformance.allCases)
    func `the bus keeps the contract`(backend: Backend, rule: BusConformance) async throws {
        let storage = try await backend.lease(modules: [CoordinationSchema.module])
        let nodes = (0..<2).map { _ in bus(storage) }
        try await running(nodes) { try await rule.check(nodes[0], peer: nodes[1], topic: "topic") }
    }

    @Test(arguments: backends, SharedCacheConformance.allCases)
    func `the shared cache keeps the contract`(backend: Backend, rule: SharedCacheConformance) async throws {
        let storage = try await backend.lease(modules: [CoordinationSchema.module])
        try await rule.check(StorageSharedCache(storage, randomness: SystemRandomness()), prefix: "key") {
            try await SystemClock().sleep(for: $0)
        }
    }

    @Test(arguments: backends, TokenBankConformance.allCases)
    func `the token bank keeps the contract`(backend: Backend, rule: TokenBankConformance) async throws {
        let storage = try await backend.lease(modules: [CoordinationSchema.module])
        try await rule.check(StorageTokenBank(storage), prefix: "account") { try await SystemClock().sleep(for: $0) }
    }

    @Test(arguments: backends, PauseConformance.allCases)
    func `nodes tell each other of pauses`(backend: Backend, rule: PauseConformance) async throws {
        let storage = try await backend.lease(modules: [CoordinationSchema.module])
        let nodes = (0..<2).map { _ in bus(storage) }
        try await running(nodes) { try await rule.check(nodes[0], peer: nodes[1], name: "vendor") }
    }

    @Test(arguments: backends, SharedLoadConformance.allCases)
    func `the caches of two nodes are one`(backend: Backend, rule: SharedLoadConformance) async throws {
        let storage = try await backend.lease(modules: [CoordinationSchema.module])
        let nodes = (0..<2).map { _ in bus(storage) }
        let stores = (0..<2).map { _ in StorageSharedCache(storage, randomness: SystemRandomness()) }
        try await running(nodes) { try await rule.check(stores, buses: nodes, name: "cache") }
    }

    @Test(arguments: backends)
    func `many messages leave in few transactions`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [CoordinationSchema.module])
        let bus = bus(storage)
        try await running([bus]) {
            let reader = try await bus.subscribe(to: "topic")
            let before = notifications(storage)
            let start = SystemClock().uptime()
            for number in 0..<1_000 { try await bus.publish([UInt8(truncatingIfNeeded: number)], to: "topic") }
            for _ in 0..<1_000 { _ = await reader.next() }
            let passed = SystemClock().uptime() - start
            let sent = notifications(storage) - before
            #expect(Double(sent) <= 2 + passed.inSeconds * Double(StorageBus.Bounds.flushesPerSecond))
        }
    }

    @Test(arguments: backends)
    func `what is over is removed, and nothing else`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [CoordinationSchema.module])
        let cache = StorageSharedCache(storage, randomness: SystemRandomness())
        let fence = try await cache.fence(of: ["tag"])
        for (key, ttl) in [("short", Duration.milliseconds(1)), ("long", .seconds(60))] {
            _ = try await cache.set(key, to: [1], for: ttl, fence: fence)
            _ = try await cache.lease(key, for: ttl)
        }
        try await SystemClock().sleep(for: .milliseconds(20))
        try await StorageCoordination.sweep(storage)
        #expect(try await cache.value(for: "long")?.bytes == [1])
        #expect(try await cache.lease("long", for: .seconds(1)) == nil)
        #expect(try await rows(in: storage) == [1, 1, 1])
    }

    @Test(arguments: backends)
    func `a tag outlives the longest value that it fences`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [CoordinationSchema.module])
        let cache = StorageSharedCache(storage, randomness: SystemRandomness())
        let fence = try await cache.fence(of: ["tag"])
        #expect(try await cache.set("key", to: [1], for: .seconds(86_400), fence: fence))
        let left: Row = try await storage.reader(bypassingTenant: CoordinationSchema.capability).one(
            Row.self, "test.left",
            "SELECT extract(epoch FROM expires_at - clock_timestamp())::bigint FROM coordination_tags WHERE name = 'tag'"
        )
        #expect(left.number > 86_400)
    }

    @Test func `messages are put together again, however they were cut`() throws {
        let parcels = (0..<50).map { number in
            BusParcel(
                topic: "töpic\(number)",
                envelope: BusEnvelope(
                    kind: .said, publisher: 7, number: UInt64(number),
                    payload: Array(repeating: UInt8(number), count: number * 40)))
        }
        for characters in [1, 7, 100, 7_800, 1_000_000] where 80_000 / characters < 4_096 {
            let pieces = BusTransmission.pieces(of: parcels, publisher: 7, flush: 3, characters: characters)
            var assembly = BusTransmission.Assembly(publishersMax: 4)
            var heard: [BusParcel]?
            for piece in pieces {
                #expect(heard == nil)
                heard = assembly.add(piece)
            }
            #expect(heard == parcels)
            if pieces.count > 1 { #expect(pieces.dropFirst().compactMap { assembly.add($0) }.isEmpty) }
        }
    }

    @Test(arguments: ["", "1:2", "a:1:0:1:", "1:1:1:1:AAAA", "1:1:0:1:!!", "1:1:0:1:AAAA", "1:1:0:99999:AAAA"])
    func `damaged notifications are dropped`(text: String) {
        var assembly = BusTransmission.Assembly(publishersMax: 4)
        #expect(assembly.add(text) == nil)
    }

    struct Row: RowDecodable {
        let number: Int64
        init(row: SQLRow) throws(StorageError) { number = try row.value(at: 0) }
    }

    private func rows(in storage: Storage) async throws -> [Int64] {
        let reader = storage.reader(bypassingTenant: CoordinationSchema.capability)
        let values: Row = try await reader.one(Row.self, "test.values", "SELECT count(*) FROM coordination_values")
        let leases: Row = try await reader.one(Row.self, "test.leases", "SELECT count(*) FROM coordination_leases")
        let tags: Row = try await reader.one(Row.self, "test.tags", "SELECT count(*) FROM coordination_tags")
        return [values.number, leases.number, tags.number]
    }

    private func bus(_ storage: Storage) -> StorageBus {
        StorageBus(storage, clock: SystemClock(), randomness: SystemRandomness(), events: .silent())
    }

    private func notifications(_ storage: Storage) -> Int {
        storage.statistics.all.first { $0.name == "coordination.notify" }?.count ?? 0
    }

    private func running(_ buses: [StorageBus], _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for bus in buses { group.addTask { try await bus.run() } }
            let result: Result<Void, any Error>
            do {
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            try await group.waitForAll()
            try result.get()
        }
    }
}
