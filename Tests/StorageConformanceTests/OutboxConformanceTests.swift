import Base
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Telemetry
import Testing

/// Writes parents at the end of other people's transactions.
private enum ParentBox: Outbox {
    static let name = "a.parents"
    static let rowsPerStatement = 3
    static let rowsMax = 7

    static func prepared(_ rows: [Int]) throws(StorageError) -> [Int] {
        guard !rows.contains(13) else { throw StorageError(.invalidValue, "thirteen is refused") }
        return rows
    }

    static func steps(for rows: [Int], in context: OutboxContext) -> [OutboxStep] {
        let tenant = context.scope.tenant ?? Specimens.tenant
        return [
            OutboxStep(
                "added_parents",
                """
                INSERT INTO parents (tenant_id, id, name)
                SELECT \(tenant), i.id, i.name
                FROM (WITH v(id, name) AS (\(rows: SQLRows(rows, { $0 }, { "parent \($0)" }))) SELECT * FROM v) i
                """)
        ]
    }

    static func hints(for rows: [Int]) -> [String] { rows.map(String.init) }
}

private enum EventBox: Outbox {
    static let name = "b.events"
    static let rowsPerStatement = 100
    static let rowsMax = 100

    static func steps(for rows: [Int], in context: OutboxContext) -> [OutboxStep] {
        let tenant = context.scope.tenant ?? Specimens.tenant
        return [
            OutboxStep(
                "added_events",
                """
                INSERT INTO events (tenant_id, id, made_at, kind)
                SELECT \(tenant), i.id, \(context.now), 'boxed'
                FROM (WITH v(id) AS (\(rows: SQLRows(rows))) SELECT * FROM v) i
                """)
        ]
    }

    static func hints(for rows: [Int]) -> [String] { [] }
}

@Suite(.databases) struct OutboxConformanceTests {
    private let tenant = Specimens.tenant

    private final class Witness: CommitObserver, StatementRecorder {
        let effects = Mutex<[CommitEffect]>([])
        let statements = Mutex<[String]>([])
        func committed(_ effects: [CommitEffect], for tenant: Tenant?) async {
            self.effects.withLock { $0 += effects }
        }
        func willSend(_ request: StatementRequest, scope: Scope) { statements.withLock { $0.append(request.name) } }
    }

    private func open(_ backend: Backend) async throws -> (Storage, Witness) {
        let storage = try await backend.lease(modules: [Specimens.module])
        let witness = Witness()
        storage.addObserver(witness)
        storage.setRecorder(witness)
        return (storage, witness)
    }

    private func rows(_ storage: Storage) async throws -> [Int] {
        [
            try await storage.count("SELECT count(*) FROM parents"),
            try await storage.count("SELECT count(*) FROM events"),
        ]
    }

    @Test(arguments: Backend.all)
    func `what a transaction collects leaves as one statement, and is told after the commit`(
        backend: Backend
    ) async throws {
        let (storage, witness) = try await open(backend)
        let cost = try await Cost.measure {
            try await storage.write(for: tenant) { write in
                try write.add([1, 2], to: EventBox.self)
                try write.add([1], to: ParentBox.self)
                try write.add([2, 3], to: ParentBox.self)
            }
        }.cost
        let isOne = storage.dialect == .postgres
        #expect(
            witness.statements.withLock { $0 } == (isOne ? ["commit.outboxes"] : ["added_parents", "added_events"]))
        #expect(cost[.statements] == (isOne ? 1 : 2))
        #expect(
            witness.effects.withLock { $0 } == [
                .wrote(outbox: "a.parents", hints: ["1", "2", "3"]), .wrote(outbox: "b.events", hints: []),
            ])
        #expect(try await rows(storage) == [3, 2])
    }

    @Test(arguments: Backend.all)
    func `rows beyond a statement's bound take further statements, in the same transaction`(backend: Backend)
        async throws
    {
        let (storage, witness) = try await open(backend)
        try await storage.write(for: tenant) { try $0.add([1, 2, 3, 4, 5, 6, 7], to: ParentBox.self) }
        #expect(witness.statements.withLock { $0 } == Array(repeating: "added_parents", count: 3))
        #expect(try await rows(storage) == [7, 0])
    }

    @Test(arguments: Backend.all)
    func `nothing is written by a transaction that fails, whatever has failed`(backend: Backend) async throws {
        let (storage, witness) = try await open(backend)
        struct Undone: Error {}
        await #expect(throws: Undone.self) {
            try await storage.write(for: tenant) { write in
                try write.add([1], to: EventBox.self)
                throw Undone()
            }
        }
        // A row of the outbox that its table refuses undoes the transaction's own statements.
        let refused = await failure {
            try await storage.write(for: tenant) { write in
                try await write.execute(
                    "test.event",
                    """
                    INSERT INTO events (tenant_id, id, made_at, kind) VALUES (\(tenant), 9, \(Timestamp.epoch), 'own')
                    """)
                try write.add([1, 1], to: ParentBox.self)
            }
        }
        #expect(refused?.code == .uniqueViolation)
        let unprepared = await failure { try await storage.write(for: tenant) { try $0.add([13], to: ParentBox.self) } }
        #expect(unprepared?.code == .invalidValue)
        let tooMany = await failure {
            try await storage.write(for: tenant) { try $0.add(Array(1...8), to: ParentBox.self) }
        }
        #expect(tooMany?.code == .tooLarge)
        #expect(try await rows(storage) == [0, 0])
        #expect(witness.effects.withLock { $0 } == [])
    }

    @Test(arguments: Backend.all)
    func `a transaction that has ended collects nothing`(backend: Backend) async throws {
        let (storage, _) = try await open(backend)
        let ended = Mutex<WriteTransaction?>(nil)
        try await storage.write(for: tenant) { write in ended.withLock { $0 = write } }
        let late = await failure { try ended.withLock { $0 }?.add([1], to: EventBox.self) }
        #expect(late?.code == .transactionEnded)
    }
}
