import Base
import BaseTestKit
import InboxTestKit
import InboxVendors
import Outbound
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing

@testable import Inbox

/// The vendors' own formats, from the hook to the thread.
@Suite(.databases) struct FormatTests {
    private static func adapters() -> ChannelAdapters {
        let clock = SimClock()
        let vendor = VendorClient(
            "quiet", through: OutboundClient(clock: clock, events: .silent(clock: clock)), clock: clock)
        return ChannelAdapters([
            MetaClient(.messenger, through: vendor), MetaClient(.instagram, through: vendor),
            TelegramClient(through: vendor), WidgetClient(),
        ])
    }

    private struct Key: RowDecodable {
        let key: ConversationKey

        init(row: SQLRow) throws(StorageError) {
            key = ConversationKey(channel: try row.value(at: 0), key: try row.value(at: 1))
        }
    }

    private struct Line: RowDecodable {
        let place: String
        let id: String
        let line: HookStory.Line

        init(row: SQLRow) throws(StorageError) {
            place = "\(try row.value(at: 0, as: String.self))/\(try row.value(at: 1, as: String.self))"
            id = try row.value(at: 2)
            let deletedAt: Timestamp? = try row.optional(at: 6)
            line = HookStory.Line(
                text: deletedAt == nil ? try row.value(at: 3) : nil, isEcho: try row.value(at: 4) == "agent",
                at: try row.value(at: 5))
        }
    }

    /// Works off whatever waits of whichever conversation.
    private func ingest(_ stage: Stage) async throws {
        let keys = try await stage.storage.reader(for: stage.tenant).list(
            Key.self, "test.keys",
            """
            SELECT DISTINCT r.channel_id, r.conversation_key FROM inbox_receipts r
            WHERE r.tenant_id = \(stage.tenant) AND r.state = 'waiting'
            """, limit: 1_000
        ).map(\.key)
        for key in keys {
            try await stage.office.ingest.ingest(key, in: stage.tenant, isLastAttempt: false) { body in
                try await stage.storage.write(for: stage.tenant) { try await body($0) }
            }
        }
    }

    private func stored(_ stage: Stage) async throws -> [String: [String: HookStory.Line]] {
        let lines = try await stage.storage.reader(for: stage.tenant).list(
            Line.self, "test.lines",
            """
            SELECT h.external_account, p.external_user_id, m.external_id, m.body, m.role, m.sent_at, m.deleted_at
            FROM inbox_messages m
            JOIN inbox_conversations c ON c.tenant_id = \(stage.tenant) AND c.id = m.conversation_id
            JOIN inbox_contact_points p ON p.tenant_id = \(stage.tenant) AND p.id = c.contact_point_id
            JOIN inbox_channels h ON h.tenant_id = \(stage.tenant) AND h.id = m.channel_id
            WHERE m.tenant_id = \(stage.tenant) AND m.external_id IS NOT NULL
            """, limit: 10_000)
        var stored: [String: [String: HookStory.Line]] = [:]
        for line in lines { stored[line.place, default: [:]][line.id] = line.line }
        return stored
    }

    private func compare(
        _ stage: Stage, _ truth: [String: [String: HookStory.Line]], times: Bool, _ seed: UInt64
    ) async throws {
        let stored = try await stored(stage)
        #expect(Set(stored.keys) == Set(truth.keys), "seed \(seed)")
        for (place, lines) in truth {
            for (id, line) in lines {
                let found = stored[place]?[id]
                #expect(found?.text == line.text && found?.isEcho == line.isEcho, "seed \(seed), \(place), \(id)")
                if times { #expect(found?.at == line.at, "seed \(seed), \(place), \(id)") }
            }
            #expect(stored[place]?.count == lines.count, "seed \(seed), \(place)")
        }
    }

    @Test(arguments: Backend.all)
    func `stories of Messenger's and Telegram's own bytes end as the vendors have them`(
        backend: Backend
    ) async throws {
        for seed: UInt64 in 1...(backend.name == "sqlite" ? 4 : 2) {
            try await Stage.with(backend, seed: seed, adapters: Self.adapters()) { stage in
                stage.clock.advance(by: .seconds(86_400))
                let chance = SeededRandomness(seed: seed &* 31)
                let first = try await stage.channel(account: "100", secrets: [Secret("old"), Secret("meta")])
                _ = try await stage.channel(account: "200", secrets: [Secret("meta")])
                let story = HookStory.meta(
                    .messenger, seed: seed, messages: 150, accounts: ["100", "200"], customers: 6, secret: "meta")
                for hook in story.hooks {
                    try await stage.office.hooks.receive(hook.raw, hook.headers, at: first.pathKey)
                    if chance.below(4) == 0 { try await ingest(stage) }
                }
                try await ingest(stage)
                try await compare(stage, story.truth, times: false, seed)
                try await stage.checkTruth()
            }
            try await Stage.with(backend, seed: seed, adapters: Self.adapters()) { stage in
                stage.clock.advance(by: .seconds(86_400))
                let channel = try await stage.channel(.telegram, account: "bot", secrets: [Secret("tele-gram")])
                let story = HookStory.telegram(seed: seed, messages: 120, customers: 5, secret: "tele-gram")
                for hook in story.hooks {
                    try await stage.office.hooks.receive(hook.raw, hook.headers, at: channel.pathKey)
                }
                try await ingest(stage)
                let truth = Dictionary(uniqueKeysWithValues: story.truth.map { ("bot\($0.key)", $0.value) })
                try await compare(stage, truth, times: false, seed)
                try await stage.checkTruth()
            }
        }
    }
}
