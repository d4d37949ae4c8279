import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct UnreadDrillTests {
    private func with(
        _ backend: Backend, _ body: (UnreadDrill, Storage, Tenant) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "capstan-drill-\(UUID().uuidString)")
        // The folder of a test that failed early is not there.
        defer { try? FileManager.default.removeItem(at: folder) }
        try await DatabaseScope.within {
            let driver = try await backend.leaseDriver(modules: UnreadDrill.modules)
            let storage = Storage(
                driver: driver, modules: UnreadDrill.modules, cursorKey: Backend.cursorKey, clock: SystemClock(),
                randomness: SystemRandomness())
            let drill = try await UnreadDrill(
                storage: storage, folder: folder.path, clock: SystemClock(), randomness: SystemRandomness())
            try await body(drill, storage, Tenant(ID(high: 5, low: 6)))
        }
    }

    @Test(arguments: Backend.all)
    func `after a day of everything at once, unread is what a recount says, and a wrong figure is noticed`(
        backend: Backend
    ) async throws {
        try await with(backend) { drill, storage, tenant in
            let plan = UnreadDrill.Plan(
                events: backend.name == "sqlite" ? 1_500 : 2_500, customers: 40, agents: 6, players: 6, seed: 11)
            let outcome = try await drill.run(plan, in: tenant)
            #expect(outcome.events == plan.events)
            #expect(outcome.repeated > 0 && outcome.late > 0 && outcome.forward > 0 && outcome.back > 0)
            #expect(outcome.written > 0 && outcome.closed > 0)
            let recount = try await drill.recount(plan, in: tenant)
            #expect(recount.differences == 0 && recount.faults == 0)
            #expect(recount.messages == outcome.said)
            #expect(recount.pairs >= 40 * 6 / 2)
            try await storage.writer(for: tenant).execute(
                "test.spoil",
                """
                UPDATE inbox_conversations SET customer_total = customer_total + 1 WHERE tenant_id = \(tenant)
                    AND id = (SELECT c.conversation_id FROM inbox_cursors c WHERE c.tenant_id = \(tenant)
                        ORDER BY c.conversation_id LIMIT 1)
                """)
            let spoilt = try await drill.recount(plan, in: tenant)
            #expect(spoilt.faults == 1 && spoilt.differences >= 1)
        }
    }
}
