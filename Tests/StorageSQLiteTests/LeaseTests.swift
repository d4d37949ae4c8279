import Base
import BaseTestKit
import Foundation
import Storage
import Testing

@testable import StorageSQLite

@Suite struct LeaseTests {
    @Test(arguments: 0..<100)
    func `whatever happens, each request ends once, in the order of arrival, within all bounds`(seed: Int) {
        let randomness = SeededRandomness(seed: UInt64(seed))
        let slots = 1 + randomness.below(3)
        var machine = LeaseMachine<UInt64>(slots: slots, waitingMax: 8, patience: .seconds(5))
        var now = Duration.zero
        var last: UInt64 = 0
        var lastGranted: UInt64 = 0
        var held: [Int: UInt64] = [:]
        var waiting: [UInt64: Duration] = [:]
        func granted(_ id: UInt64, _ slot: Int) {
            #expect(held.updateValue(id, forKey: slot) == nil, "a connection has two holders")
            #expect(id > lastGranted, "someone overtook")
            lastGranted = id
        }
        for _ in 0..<500 {
            now += .milliseconds(randomness.below(400))
            switch randomness.below(8) {
            case 0..<4:
                last += 1
                switch machine.request(last, last, name: "\(last)", now: now) {
                case .granted(let slot, let id): granted(id, slot)
                case .waits(let deadline):
                    #expect(deadline == now + .seconds(5))
                    waiting[last] = deadline
                case .refused(_, let refusal): #expect(refusal == .queueFull && waiting.count == 8)
                }
            case 4..<6:
                guard let slot = held.keys.sorted().first else { break }
                held[slot] = nil
                if let next = machine.release(slot, now: now) {
                    #expect(waiting.removeValue(forKey: next) != nil)
                    granted(next, slot)
                } else {
                    #expect(waiting.isEmpty)
                }
            case 6:
                let expired = machine.expire(now: now)
                #expect(expired == waiting.filter { $0.value <= now }.keys.sorted())
                for id in expired { waiting[id] = nil }
            default:
                guard !waiting.isEmpty else { break }
                let id = waiting.keys.sorted()[randomness.below(waiting.count)]
                #expect(machine.cancel(id) == id)
                waiting[id] = nil
            }
            #expect(machine.waitingCount == waiting.count)
            #expect(machine.heldCount == held.count)
            #expect(machine.nextDeadline() == waiting.values.min())
        }
        #expect(machine.close().sorted() == waiting.keys.sorted())
        if case .refused(_, .closed) = machine.request(9_999, 9_999, name: "late", now: now) {
        } else {
            Issue.record("a closed machine grants")
        }
    }

    private func held(
        _ settings: SQLiteSettings, _ work: @escaping @Sendable (Storage, SQLiteStorage) async throws -> Void
    ) async throws {
        let scratch = try await Scratch(settings)
        let (storage, driver) = (scratch.storage, scratch.driver)
        let insert: SQL = "INSERT INTO counters VALUES ('a', 0)"
        let open = try await driver.begin(scope: .system(system), access: .write, freshness: .primary)
        _ = try await open.run(
            StatementRequest(name: "holder.works", sql: insert.rendered(for: .sqlite), rowsMax: 0))
        try await work(storage, driver)
        await open.rollback()
        await driver.shutdown()
    }

    private static let insert: SQL = "INSERT INTO counters VALUES ('b', 0)"

    @Test func `who waits too long is told who holds the writer, since when and by which statement`() async throws {
        var settings = SQLiteSettings()
        settings.leaseTimeout = .milliseconds(30)
        try await held(settings) { storage, driver in
            let error = await failure {
                try await storage.writer(bypassingTenant: system).execute("late", Self.insert)
            }
            #expect(error?.code == .exhausted)
            #expect(error?.context["holder"] == "holder.works")
            #expect(error?.message.contains("holder.works") == true)
            let transaction = await failure { try await storage.write(bypassingTenant: system) { _ in } }
            #expect(transaction?.code == .exhausted)
            #expect(driver.statistics().connectionsHeld == 1)
            #expect(driver.statistics().longestHolder == "holder.works")
        }
    }

    @Test func `one more than may wait is refused at once`() async throws {
        var settings = SQLiteSettings()
        settings.waitingMax = 2
        try await held(settings) { storage, driver in
            await withTaskGroup(of: StorageError.Code?.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        await failure {
                            try await storage.writer(bypassingTenant: system).execute("waits", Self.insert)
                        }?.code
                    }
                }
                while driver.statistics().waiting < 2 { await Task.yield() }
                let refused = await failure {
                    try await storage.writer(bypassingTenant: system).execute("refused", Self.insert)
                }
                #expect(refused?.code == .exhausted)
                group.cancelAll()
                for await code in group { #expect(code == .cancelled) }
                #expect(driver.statistics().waiting == 0)
            }
        }
    }

    @Test func `readers are not held up by a writer`() async throws {
        try await held(SQLiteSettings()) { storage, _ in
            let count = try await storage.reader(bypassingTenant: system).one(
                Number.self, "counter.count", "SELECT count(*) FROM counters")
            #expect(count.value == 0)
        }
    }
}
