import Base
import Storage
import Synchronization

/// An open transaction on a connection of its own.
final class PostgresTransaction: DriverTransaction {
    private let reactor: Reactor
    private let lease: Lease
    private let scope: Scope
    private let cursors = Atomic<Int>(0)

    init(reactor: Reactor, lease: Lease, scope: Scope) {
        self.reactor = reactor
        self.lease = lease
        self.scope = scope
    }

    deinit {
        // A transaction that nobody ended gives its connection back.
        _ = reactor.submit(.release(lease))
    }

    func run(_ request: StatementRequest) async throws(StorageError) -> StatementResult {
        try await reactor.answer(to: PendingStatement(request, scope: scope, route: .lease(lease))).get()
    }

    func stream(
        _ request: StatementRequest, chunkRows: Int, _ body: (any SQLRowSource) async throws -> Void
    ) async throws {
        let number = cursors.add(1, ordering: .relaxed).newValue
        let cursor = "capstan_\(number)"
        let parameters = try EncodedParameters(request.sql)
        let declaration = PendingStatement(
            name: request.name,
            key: StatementKey(
                text: "DECLARE \(cursor) NO SCROLL CURSOR FOR \(request.sql.text)", types: parameters.types),
            parameters: parameters, rowsMax: .max, scope: FlightScope(scope), route: .lease(lease), isKept: false)
        // A cursor is planned for its first tenth, unless it is told that all of it will be read.
        let planning = "SELECT pg_catalog.set_config('cursor_tuple_fraction', '1', true)"
        _ = try await reactor.answer(to: PendingStatement(planning, name: request.name, on: lease)).get()
        _ = try await reactor.answer(to: declaration).get()
        var chunk = try await fetch(chunkRows, from: cursor, name: request.name)
        while chunk.rows.rowCount == chunkRows {
            // One chunk is on its way while the consumer has another.
            async let next = fetch(chunkRows, from: cursor, name: request.name)
            try await body(chunk.rows)
            chunk = try await next
        }
        if chunk.rows.rowCount > 0 { try await body(chunk.rows) }
        _ = try await reactor.answer(to: PendingStatement("CLOSE \(cursor)", name: request.name, on: lease)).get()
    }

    private func fetch(_ count: Int, from cursor: String, name: String) async throws(StorageError) -> StatementResult {
        let text = "FETCH FORWARD \(count) FROM \(cursor)"
        return try await reactor.answer(to: PendingStatement(text, name: name, on: lease)).get()
    }

    func commit() async throws(StorageError) -> CommitToken {
        defer { _ = reactor.submit(.release(lease)) }
        _ = try await reactor.answer(to: PendingStatement("COMMIT", name: "COMMIT", on: lease, isEnd: true)).get()
        // There are no replicas yet that could lag behind the primary.
        return CommitToken(position: 0)
    }

    func rollback() async {
        // Locks are gone when a writer's caller learns of its failure; a reader has none worth waiting for. What the
        // server answers does not matter: a connection that broke has rolled back too.
        if !lease.isReadOnly {
            _ = await reactor.answer(to: PendingStatement("ROLLBACK", name: "ROLLBACK", on: lease, isEnd: true))
        }
        _ = reactor.submit(.release(lease))
    }
}

extension Reactor {
    /// Sends a statement and waits for what becomes of it.
    func answer(to item: PendingStatement) async -> PendingStatement.Outcome {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                item.continuation = continuation
                if !submit(.run(item)) { item.finish(.failure(.closed)) }
            }
        } onCancel: {
            _ = submit(.cancel(item))
        }
    }

    /// Waits for a connection of a transaction.
    func hold(_ lease: Lease) async -> Result<Void, StorageError> {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                lease.continuation = continuation
                if !submit(.acquire(lease)) { lease.finish(.failure(.closed)) }
            }
        } onCancel: {
            _ = submit(.cancelLease(lease))
        }
    }
}
