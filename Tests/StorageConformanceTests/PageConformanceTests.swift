import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@Suite(.databases) struct PageConformanceTests {
    private let tenant = Specimens.tenant

    struct Event: RowDecodable {
        var id: Int
        var madeAt: Timestamp

        init(row: SQLRow) throws(StorageError) {
            id = try row.value("id")
            madeAt = try row.value("made_at")
        }
    }

    private func query(_ tenant: Tenant) -> SQL { "SELECT e.id, e.made_at FROM events e WHERE e.tenant_id = \(tenant)" }

    static let orders: [PageOrder] = [
        .ascending("e.id"), .descending("e.id"), .ascending("e.made_at", "e.id"), .descending("e.made_at", "e.id"),
    ]

    @Test(arguments: Backend.all)
    func `pages cut a list into parts without gap or repetition while others insert`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let randomness = SeededRandomness(seed: 11)
        try await storage.insertEvents(200)
        try await storage.insertEvents(50, tenant: Specimens.other)
        var next = 1_000
        for order in Self.orders {
            let before = Set(
                try await storage.reader(for: tenant).list(
                    Event.self, "event.all", query(tenant), limit: 2_000
                ).map(\.id))
            var seen: [Event] = []
            var cursor: Cursor?
            repeat {
                let page = try await storage.reader(for: tenant).page(
                    Event.self, "event.page", query(tenant), order: order, after: cursor,
                    limit: 1 + randomness.below(30))
                seen += page.items
                cursor = page.next
                try await storage.insertEvents(
                    1, from: next, time: Timestamp(microseconds: Int64(randomness.below(90_000))))
                next += 1
            } while cursor != nil
            #expect(Set(seen.map(\.id)).count == seen.count, "a row came twice")
            #expect(before.isSubset(of: seen.map(\.id)), "a row is missing")
        }
    }

    @Test(arguments: Backend.all)
    func `pages come in the order that was asked for, and the last one says so`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        try await storage.insertEvents(10)
        for order in Self.orders {
            let first = try await storage.reader(for: tenant).page(
                Event.self, "event.page", query(tenant), order: order, after: nil, limit: 6)
            let last = try await storage.reader(for: tenant).page(
                Event.self, "event.page", query(tenant), order: order, after: first.next, limit: 6)
            #expect(first.items.count == 6 && first.next != nil)
            #expect(last.items.count == 4 && last.next == nil)
            let ids = (first.items + last.items).map(\.id)
            #expect(ids == Array(1...10) || ids == Array((1...10).reversed()))
        }
    }

    @Test(arguments: Backend.all)
    func `a cursor of another tenant, list or order is refused`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        try await storage.insertEvents(10)
        let order = PageOrder.ascending("e.id")
        let page = try await storage.reader(for: tenant).page(
            Event.self, "event.page", query(tenant), order: order, after: nil, limit: 2)
        let cursor = try #require(page.next)
        let forged = try #require(Cursor(String(cursor.description.reversed())))
        let cut = try #require(Cursor(String(cursor.description.dropLast(4))))
        let reader = storage.reader(for: tenant)
        let attempts: [@Sendable () async throws -> Void] = [
            { [query] in
                _ = try await storage.reader(for: Specimens.other).page(
                    Event.self, "event.page", query(Specimens.other), order: order, after: cursor, limit: 2)
            },
            { [query, tenant] in
                _ = try await reader.page(
                    Event.self, "event.other", query(tenant), order: order, after: cursor, limit: 2)
            },
            { [query, tenant] in
                _ = try await reader.page(
                    Event.self, "event.page", query(tenant), order: .descending("e.id"), after: cursor, limit: 2)
            },
            { [query, tenant] in
                _ = try await reader.page(
                    Event.self, "event.page", query(tenant), order: order, after: forged, limit: 2)
            },
            { [query, tenant] in
                _ = try await reader.page(Event.self, "event.page", query(tenant), order: order, after: cut, limit: 2)
            },
        ]
        for (index, attempt) in attempts.enumerated() {
            #expect(await failure(attempt)?.code == .invalidCursor, "attempt \(index)")
        }
    }
}
