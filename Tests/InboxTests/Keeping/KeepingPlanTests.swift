import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct KeepingPlanTests {
    private static let large: Set<String> = [
        "inbox_conversations", "inbox_messages", "inbox_files", "inbox_contacts", "inbox_exports",
        "inbox_export_parts",
    ]

    /// A company, and another one that is larger.
    private func fill(_ stage: Stage, _ channel: Inbox.Channel) async throws {
        let now = stage.clock.now()
        for (tenant, size) in [(stage.tenant, 400), (stage.other, 8_000)] {
            let statements: [SQL] = [
                """
                INSERT INTO inbox_conversations (tenant_id, id, contact_id, contact_point_id, channel_id, contact_name,
                    state, bot, last_message_at, opened_at, created_at, closed_at)
                SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), \(channel.id), 'N', 'closed',
                    'off', \(now), \(now), \(now), \(now) + g * interval '1 hour'
                FROM generate_series(1, \(size)) g
                """,
                """
                INSERT INTO inbox_messages (tenant_id, conversation_id, sequence, id, channel_id, role, body,
                    customer_index, delivery, sent_at, created_at)
                SELECT \(tenant), c.id, s, gen_random_uuid(), \(channel.id), 'customer', 'Hello', s, 'received', \(now),
                    \(now)
                FROM inbox_conversations c CROSS JOIN generate_series(1, 3) s WHERE c.tenant_id = \(tenant)
                """,
                """
                INSERT INTO inbox_files (tenant_id, id, channel_id, conversation_id, message_id, origin, kind, media_type,
                    bytes, created_at)
                SELECT \(tenant), gen_random_uuid(), \(channel.id), gen_random_uuid(),
                    CASE WHEN g % 50 = 0 THEN NULL ELSE gen_random_uuid() END, 'agent', 'file', 'text/plain', 1,
                    \(now) + g * interval '1 hour'
                FROM generate_series(1, \(size)) g
                """,
                """
                INSERT INTO inbox_contacts (tenant_id, id, name, search_name, created_at)
                SELECT \(tenant), gen_random_uuid(), 'N', 'n', \(now) FROM generate_series(1, \(size)) g
                """,
                """
                INSERT INTO inbox_exports (tenant_id, id, person_id, nouns, state, created_at, expires_at)
                SELECT \(tenant), gen_random_uuid(), gen_random_uuid(), '["contacts"]', 'expired', \(now), \(now)
                FROM generate_series(1, \(size)) g
                """,
                """
                INSERT INTO inbox_export_parts (tenant_id, export_id, noun, number, rows, bytes, sha256)
                SELECT \(tenant), x.id, 'contacts', 1, 1, 1, '' FROM inbox_exports x WHERE x.tenant_id = \(tenant)
                """,
            ]
            for statement in statements {
                _ = try await stage.storage.writer(for: tenant).execute("test.fill", statement)
            }
        }
        try await PlanInspector.analyse(stage.storage.driver)
    }

    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no statement about what is kept looks at a whole table`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            try await fill(stage, channel)
            let (office, tenant) = (stage.office, stage.tenant)
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            try await office.retention.set(
                RetentionRules(conversationDays: 30, fileDays: 30), by: stage.tom, in: tenant)
            let export = try await office.exports.order(ExportNoun.allCases, by: stage.tom, in: tenant)
            for _ in 0..<3 { try await office.exports.steps.step(export.id, in: tenant) }
            _ = try await office.exports.store.newest(in: tenant)
            _ = try await office.exports.manifest(of: export.id, in: tenant)
            stage.clock.advance(by: InboxSchema.day * 33)
            try await office.fileSweep.step(.uploads, in: tenant)
            try await office.fileSweep.step(.bytes(after: nil), in: tenant)
            for _ in 0..<60 { try await office.retention.step(in: tenant) }
            stage.storage.setRecorder(nil)
            let mine = ["retention.", "orderedExport.", "export.", "file.", "erasure."]
            let findings = try await PlanInspector(driver: stage.storage.driver, largeTables: Self.large)
                .findings(in: recorded).map(\.description).filter { text in mine.contains { text.hasPrefix($0) } }
            #expect(findings.isEmpty, "\(findings.joined(separator: "\n\n"))")
            let names = Set(recorded.distinct.map { "\($0.request.name)" })
            for name in [
                "retention.closed", "retention.retired", "retention.files", "retention.settle", "erasure.dropMessages",
                "file.deleteLoose", "orderedExport.expire", "orderedExport.abandoned", "export.someMessages",
            ] { #expect(names.contains(name), "\(name) was not run") }
        }
    }
}
