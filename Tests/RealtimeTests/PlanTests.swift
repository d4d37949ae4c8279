import Base
import NIOCore
import RealtimeTestKit
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Testing

@testable import Realtime

@Suite(.databases) struct PlanTests {
    private final class Counter: StatementRecorder {
        let names = Mutex<[String]>([])
        func willSend(_ request: StatementRequest, scope: Scope) { names.withLock { $0.append(request.name) } }
    }

    @Test(arguments: Backend.all)
    func `what a transaction publishes is one statement of its`(backend: Backend) async throws {
        let stage = try await RealtimeStage(on: backend, sharing: .inProcess())
        let node = try await stage.node()
        let counter = Counter()
        node.storage.setRecorder(counter)
        try await node.storage.write(for: stage.tenant) { transaction in
            for number in 0..<200 { try transaction.publish(number, to: RealtimeStage.room("r\(number % 7)")) }
        }
        // SQLite has no statements within statements: one for each table.
        #expect(counter.names.withLock { $0.count } == (node.storage.dialect == .postgres ? 1 : 2))
    }

    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no statement looks at other topics' messages`(backend: Backend) async throws {
        let stage = try await RealtimeStage(on: backend, sharing: .inProcess())
        let node = try await stage.node()
        let fill: [(StaticString, SQL)] = [
            (
                "test.topics",
                """
                INSERT INTO realtime_topics (tenant_id, name, epoch, last_number, seen_at)
                SELECT \(stage.tenant), 'stage/room/x' || g, 7, 20, now() FROM generate_series(1, 20000) g
                """
            ),
            (
                "test.messages",
                """
                INSERT INTO realtime_messages (tenant_id, topic, number, published_at, body)
                SELECT \(stage.tenant), 'stage/room/x' || (g / 20 + 1), g % 20 + 1, now(), '{}'
                FROM generate_series(0, 399999) g
                """
            ),
        ]
        try await node.storage.write(for: stage.tenant) { transaction in
            for (name, text) in fill { try await transaction.execute(name, text) }
        }
        try await PlanInspector.analyse(node.storage.driver)
        let recorded = RecordedStatements()
        node.storage.setRecorder(recorded)
        let room = RealtimeStage.room("x5")
        let key = TopicKey(stage.tenant, room)
        let store = TopicStore(storage: node.storage, clock: SystemClock())
        try await stage.publish(1...2, to: room, at: node)
        let whole = try await store.read(key, TopicHistory(count: 10))
        #expect(whole.head == TopicPosition(epoch: 7, offset: 22))
        #expect(whole.messages.map(\.offset) == Array(13...22))
        let news = try await store.read(key, TopicHistory(), after: 20)
        #expect(news.messages.map(\.offset) == [21, 22])
        #expect(try await store.heads(of: [key]) == [key: TopicPosition(epoch: 7, offset: 22)])
        _ = try await node.storage.reader(for: stage.tenant).position(of: room, at: SystemClock().now())
        try await store.trim(key, upTo: 15)
        let trimmed = try await store.read(key, TopicHistory())
        #expect(trimmed.messages.map(\.offset) == Array(16...22))
        node.storage.setRecorder(nil)
        let inspector = PlanInspector(
            driver: node.storage.driver, largeTables: ["realtime_topics", "realtime_messages"])
        let findings = try await inspector.findings(in: recorded)
        #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n\n"))")
        #expect(recorded.distinct.count >= 5)
    }

    @Test(arguments: Backend.all)
    func `a history is bounded by count, bytes and age`(backend: Backend) async throws {
        let stage = try await RealtimeStage(on: backend, sharing: .inProcess())
        let node = try await stage.node()
        let key = TopicKey(stage.tenant, RealtimeStage.room("a"))
        let store = TopicStore(storage: node.storage, clock: SystemClock())
        #expect(try await store.read(key, TopicHistory()) == TopicSnapshot(head: nil, messages: []))
        let body = String(repeating: "x", count: 300)
        try await node.storage.write(for: stage.tenant) { transaction in
            for _ in 0..<20 { try transaction.publish(body, to: key.name) }
        }
        #expect(try await store.read(key, TopicHistory(count: 5)).messages.map(\.offset) == Array(16...20))
        let small = TopicHistory(bytes: .kibibytes(1))
        #expect(try await store.read(key, small).messages.map(\.offset) == Array(18...20))
        let later = TopicStore(storage: node.storage, clock: Later())
        let late = try await later.read(key, TopicHistory(age: .seconds(60)))
        #expect(late.messages.isEmpty)
        #expect(late.head?.offset == 20)
    }

    /// The machine's clock two minutes on.
    private struct Later: WallClock {
        func now() -> Timestamp { SystemClock().now() + .seconds(120) }
        func uptime() -> Duration { SystemClock().uptime() }
        func sleep(for duration: Duration) async throws { try await SystemClock().sleep(for: duration) }
    }
}
