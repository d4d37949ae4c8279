import Base
import BaseTestKit
import Crypto
import Foundation
import Logging
import Outbound
import OutboundTestKit
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing

@testable import Accounts

@Suite(.databases) struct NotificationPlanTests {
    /// 50,000 rows in each table.
    private func fill(_ installation: Installation) async throws {
        let (tenant, start) = (installation.open, installation.clock.now())
        try await installation.storage.write(bypassingTenant: AccountsSchema.pushCapability) { transaction in
            try await transaction.execute(
                "test.notices",
                """
                INSERT INTO notifications (tenant_id, id, person_id, kind, title, text, link, created_at)
                SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), 'k', 't', '', '/', \(start)
                FROM generate_series(1, 50000) g
                """)
            try await transaction.execute(
                "test.preferences",
                """
                INSERT INTO notification_preferences (tenant_id, person_id, kind, in_app, pushed)
                SELECT \(tenant), gen_random_uuid(), 'k', true, true FROM generate_series(1, 50000) g
                """)
            try await transaction.execute(
                "test.subscriptions",
                """
                INSERT INTO push_subscriptions
                    (tenant_id, id, person_id, endpoint_hash, endpoint, public_key, secret, created_at)
                SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), decode(md5(g::text), 'hex'),
                    'https://push.example/x', '\\x00', '\\x00', \(start)
                FROM generate_series(1, 50000) g
                """)
            try await transaction.execute(
                "test.deliveries",
                """
                INSERT INTO push_deliveries (tenant_id, notification_id, subscription_id, kind, title, text, link,
                    urgency, attempts, due_at, expires_at, created_at)
                SELECT tenant_id, gen_random_uuid(), id, 'k', 't', '', '/', 'low', 0,
                    \(start) + interval '1 day', \(start) + interval '2 days', \(start)
                FROM push_subscriptions
                """)
        }
    }

    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no statement of notices and pushes looks at a whole table`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        let (tenant, start) = (installation.open, installation.clock.now())
        try await fill(installation)
        try await PlanInspector.analyse(installation.storage.driver)
        let recorded = RecordedStatements()
        installation.storage.setRecorder(recorded)
        let chance = SeededRandomness(seed: 61)
        let notifications = Notifications(storage: installation.storage, clock: installation.clock, randomness: chance)
        let subscriptions = PushSubscriptions(
            storage: installation.storage, clock: installation.clock, randomness: chance)
        let ada = ID<Person>(high: 1, low: 1)
        try await FakePushService.run { service, peer in
            let device = service.device("one", at: peer)
            try await subscriptions.subscribe(device.offer, of: ada, in: tenant)
            try await installation.storage.write(for: tenant) { transaction in
                try await notifications.notify(
                    [ada], .win, NoticeMessage(title: "t", link: "/"), for: tenant, in: transaction)
            }
            let outbox = PushOutbox(storage: installation.storage)
            let taken = try await outbox.take(at: installation.clock.now())
            #expect(taken.count == 1)
            _ = try await outbox.targets(of: taken)
            try await outbox.settle(
                .init(
                    over: taken, later: taken.map { ($0, start) }, gone: taken.map(\.key)))
            _ = try await subscriptions.unsubscribe(device.endpoint.description, of: ada, in: tenant)
        }
        let page = try await notifications.page(of: ada, in: tenant)
        let notice = try #require(page.items.first)
        _ = try await notifications.unread(of: ada, in: tenant)
        _ = try await notifications.markRead(notice.id, by: ada, in: tenant)
        try await notifications.markAllRead(by: ada, in: tenant)
        try await notifications.set([.init(kind: "k")], of: ada, in: tenant)
        _ = try await notifications.preferences(of: ada, in: tenant)
        let part = notifications.personalData
        try await part.export(ada, tenant) { _, _ in }
        #expect(try await part.erase(Leaver(person: ada, pseudonym: ID(high: 5, low: 5)), tenant) == .done)
        let retention = Retention(
            storage: installation.storage, modules: [AccountsSchema.module], clock: installation.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(try await retention.sweep() == 0)
        installation.storage.setRecorder(nil)
        let inspector = PlanInspector(
            driver: installation.storage.driver, largeTables: Set(AccountsSchema.notificationTables.map(\.name)))
        let findings = try await inspector.findings(in: recorded)
        #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n\n"))")
        #expect(recorded.distinct.count >= 16)
    }

    @Test func `every outcome is a value of the metric's label`() {
        let label = Event.pushSettled.feed?.label
        #expect(
            label?.values.filter { $0 != MetricLabel.other } == PushSender.Outcome.allCases.map(\.rawValue))
    }
}
