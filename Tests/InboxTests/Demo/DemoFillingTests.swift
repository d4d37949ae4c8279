import Base
import BaseTestKit
import InboxVendors
import Outbound
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing

@testable import Inbox

@Suite(.databases) struct DemoFillingTests {
    private static let company = DemoCompany.lumenBikes.branch(
        "Lumen Bikes North", accounts: "north",
        scale: DemoCompany.Scale(
            contacts: 40, doubles: 2, conversations: 48, messages: 370, open: 12, unassigned: 3, pressing: 1,
            snoozed: 2))

    /// The vendors' own, behind the demo's: nothing may leave, since no address is allowed.
    private func adapters() -> ChannelAdapters {
        let outbound = OutboundClient(OutboundOptions(), clock: SystemClock(), events: .silent())
        func vendor(_ name: String) -> VendorClient { VendorClient(name, through: outbound, clock: SystemClock()) }
        let real: [any ChannelAdapter] = [
            MetaClient(.messenger, through: vendor("messenger")), MetaClient(.instagram, through: vendor("instagram")),
            TelegramClient(through: vendor("telegram")), WidgetClient(),
        ]
        return ChannelAdapters(real.map { DemoAdapter(before: $0) })
    }

    @Test(arguments: Backend.all)
    func `a demo's threads, heads and counts agree, and it is filled once`(backend: Backend) async throws {
        try await Stage.with(backend, adapters: adapters()) { stage in
            let place = DemoPlace(
                company: Self.company, tenant: stage.tenant, people: (1...5).map(Stage.person), seed: 5, isFilled: false
            )
            try await DemoFilling(office: stage.office, clock: stage.time, randomness: stage.chance).fill(place)
            try await stage.checkTruth()

            let heads = try await stage.conversations(in: stage.tenant)
            let scale = Self.company.scale
            #expect(heads.count == scale.conversations)
            #expect(heads.count { $0.state == .open } == scale.open)
            #expect(heads.count { $0.state == .snoozed } == scale.snoozed)
            #expect(heads.count { $0.state == .open && $0.assigneeID == nil } == scale.unassigned)
            #expect(try await DemoStore(storage: stage.storage).hasConversations(in: stage.tenant))
            #expect(try await !DemoStore(storage: stage.storage).hasConversations(in: stage.other))

            var messages: [Message] = []
            for head in heads { messages += try await stage.thread(head.id, in: stage.tenant) }
            #expect(messages.count == scale.messages)
            #expect(messages.allSatisfy { $0.role != .agent || $0.personID != nil })
            let board = try await stage.office.counts.dashboard(days: 100, in: stage.tenant)
            #expect(board.all.opened == Int64(scale.conversations))
            #expect(board.active == Int64(scale.open + scale.snoozed))
            #expect(board.all.inbound == Int64(messages.count { $0.role == .customer }))
            #expect(board.all.botReplies == Int64(messages.count { $0.role == .bot }))
            #expect(board.all.agentReplies == Int64(messages.count { $0.role == .agent }))
            #expect(board.range == board.all, "nothing of the demo is older than its ninety days")
        }
    }

    @Test(arguments: Backend.all)
    func `customers of the demo write through the door of vendors, and what they write is in its thread`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend, adapters: adapters()) { stage in
            let place = DemoPlace(
                company: Self.company, tenant: stage.tenant, people: [Stage.person(1)], seed: 5, isFilled: false)
            try await DemoFilling(office: stage.office, clock: stage.time, randomness: stage.chance).fill(place)
            let before = try await stage.conversations(in: stage.tenant).map(\.customerTotal).reduce(0, +)
            let crowd = DemoCrowdService(office: stage.office, clock: stage.time)
            let channels = try await crowd.channels(of: place)
            for number in 0..<20 {
                let pause = try #require(try await crowd.say(number, at: place, over: channels))
                stage.clock.advance(by: pause)
            }
            for key in try await waiting(stage) {
                try await stage.office.ingest.ingest(key, in: stage.tenant, isLastAttempt: false) { body in
                    try await stage.storage.write(for: stage.tenant) { try await body($0) }
                }
            }
            let after = try await stage.conversations(in: stage.tenant).map(\.customerTotal).reduce(0, +)
            #expect(after == before + 20)
            try await stage.checkTruth()
        }
    }

    private struct KeyRow: RowDecodable {
        let key: ConversationKey

        init(row: SQLRow) throws(StorageError) {
            key = ConversationKey(channel: try row.value(at: 0), key: try row.value(at: 1))
        }
    }

    /// The conversations of which something waits.
    private func waiting(_ stage: Stage) async throws -> [ConversationKey] {
        try await stage.storage.reader(for: stage.tenant).list(
            KeyRow.self, "test.waiting",
            """
            SELECT DISTINCT r.channel_id, r.conversation_key FROM inbox_receipts r
            WHERE r.tenant_id = \(stage.tenant) AND r.state = 'waiting'
            """, limit: 100
        ).map(\.key)
    }
}
