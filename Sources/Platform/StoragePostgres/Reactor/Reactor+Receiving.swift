import Base
import CLibPQ
import Storage

extension Reactor {
    /// Reads what a connection has for us and tells those who wait for it.
    func receive(_ connection: PostgresConnection) {
        connection.lastProgress = now
        connection.receive { action, result in
            switch action {
            case .succeeded(let item): succeeded(item, result, on: connection)
            case .failed(let item, let wasPreparing):
                failed(item, PostgresServerError(result), wasPreparing: wasPreparing, on: connection)
                PQclear(result)
            case .unprepared(let item):
                connection.prepared[item.key] = nil
                PQclear(result)
            case .skipped(let item):
                skipped(item, on: connection)
                PQclear(result)
            case .controlFailed:
                connection.controlError = PostgresServerError(result).storageError
                PQclear(result)
            case .commitFailed:
                let server = PostgresServerError(result)
                let error = server.endsConnection ? .unknown(server.storageError) : server.storageError
                for item in connection.underWay where item.heldOutcome != nil { item.heldOutcome = .failure(error) }
                PQclear(result)
            case .synced:
                synced(connection)
                PQclear(result)
            case .none, .nonsense: PQclear(result)
            }
        }
        if connection.isBroken { lose(connection, because: nil) }
    }

    private func succeeded(_ item: PendingStatement, _ result: OpaquePointer, on connection: PostgresConnection) {
        item.carrier = nil
        let outcome = outcome(of: item, result, on: connection)
        switch item.route {
        case .read: item.finish(outcome)
        case .write: item.heldOutcome = outcome
        case .lease(let lease):
            if case .failure = outcome, !item.isEnd { lease.failure = lease.failure ?? item.name }
            finish(item, item.isCancelled ? .failure(.taskCancelled) : outcome, on: connection)
        }
    }

    /// Hands a transaction's statement back; not before a request to cancel it has arrived, or it could hit the next.
    private func finish(
        _ item: PendingStatement, _ outcome: PendingStatement.Outcome, on connection: PostgresConnection
    ) {
        guard item.isCancelled, connection.cancelsUnderWay > 0 else { return item.finish(outcome) }
        item.heldOutcome = outcome
        connection.heldForCancel = item
    }

    /// Makes rows of a result, or the reason why it cannot be used.
    ///
    /// Takes the result.
    private func outcome(
        of item: PendingStatement, _ result: OpaquePointer, on connection: PostgresConnection
    ) -> PendingStatement.Outcome {
        let rows = Int(PQntuples(result))
        guard PQnfields(result) > 0 else {
            defer { PQclear(result) }
            connection.prepared[item.key]?.isSilent = true
            if item.isEnd, item.name == "COMMIT", !Self.tag(of: result, startsWith: "C") {
                return .failure(
                    StorageError(.transactionEnded, "a statement of the transaction had failed: nothing was committed"))
            }
            return .success(StatementResult(rows: EmptyRows.shared, affected: Self.affected(result)))
        }
        let shape: ResultShape
        if let known = connection.prepared[item.key]?.shape, known.describes(result) {
            shape = known
        } else {
            do {
                shape = try ResultShape(result)
            } catch {
                PQclear(result)
                return .failure(error)
            }
            connection.prepared[item.key]?.shape = shape
        }
        let affected = Self.affected(result)
        let source = PostgresRows(owning: result, shape: shape)
        guard rows <= item.rowsMax else {
            return .failure(
                StorageError(
                    .tooLarge, "\(item.name) gave \(rows) rows, of at most \(item.rowsMax): bound it in its text"))
        }
        return .success(StatementResult(rows: source, affected: affected))
    }

    private static func tag(of result: OpaquePointer, startsWith letter: Character) -> Bool {
        guard let tag = PQcmdStatus(result) else { return false }
        return UInt8(bitPattern: tag[0]) == letter.asciiValue
    }

    /// Rows that INSERT, UPDATE, DELETE or MERGE changed.
    private static func affected(_ result: OpaquePointer) -> Int {
        guard let tag = PQcmdStatus(result), "IUDM".utf8.contains(UInt8(bitPattern: tag[0])),
            let count = PQcmdTuples(result)
        else { return 0 }
        return Int(String(cString: count)) ?? 0
    }

    private func failed(
        _ item: PendingStatement, _ error: PostgresServerError, wasPreparing: Bool, on connection: PostgresConnection
    ) {
        item.carrier = nil
        let isStale = error.asksForNewPreparation
        if wasPreparing || isStale { connection.prepared[item.key] = nil }
        if error.endsConnection { connection.isEndedByServer = true }
        defer {
            if connection.guarded == item { undoGuarded(on: connection) }
        }
        if case .lease(let lease) = item.route {
            if !item.isEnd { lease.failure = lease.failure ?? item.name }
            let isOurs = error.state == "57014" && item.isCancelled
            return finish(item, .failure(isOurs ? .taskCancelled : reason(item, error)), on: connection)
        }
        connection.underWay.removeAll { $0 == item }
        if !item.isCancelled, mayRepeat(item, error, isStale: isStale, on: connection) {
            item.retries += 1
            item.isAlone = true
            if case .write = item.route { writes.putBack([item]) } else { reads.putBack([item]) }
        } else {
            item.finish(.failure(reason(item, error)))
        }
    }

    /// Whether a statement that failed, and so left nothing behind, should be sent again without its caller's knowing.
    private func mayRepeat(
        _ item: PendingStatement, _ error: PostgresServerError, isStale: Bool, on connection: PostgresConnection
    ) -> Bool {
        switch error.state {
        // A request to cancel another statement came too late and hit this one.
        case "57014": item.retries == 0 && connection.cancelledAt.map { now - $0 < Bounds.silence } ?? false
        // Single statements can always be ordered one after the other.
        case "40001", "40P01": item.retries < Bounds.retries
        // Several connections may have ended at once, and one of them been chosen for the repetition.
        default: error.endsConnection ? item.retries <= repetitionsMax : isStale && item.retries == 0
        }
    }

    private func reason(_ item: PendingStatement, _ error: PostgresServerError) -> StorageError {
        var reason = error.storageError
        if error.state == "57014" {
            if item.isCancelled { return .taskCancelled }
            let isTimeout = now - item.sentAt >= options.statementTimeout * 0.9
            reason =
                isTimeout
                ? StorageError(
                    .statementTimeout, "the statement ran longer than \(options.statementTimeout.milliseconds) ms",
                    context: reason.context, underlying: error)
                : StorageError(
                    .cancelled, "the statement was cancelled on the server", context: reason.context, underlying: error)
        }
        return reason
    }

    /// Ends the transaction of a guarded write that failed or gave too many rows.
    private func undoGuarded(on connection: PostgresConnection) {
        connection.guarded = nil
        connection.sendControl("ROLLBACK")
        connection.sync()
    }

    /// A neighbour's failure has had the statement skipped: it is sent again, by itself.
    private func skipped(_ item: PendingStatement, on connection: PostgresConnection) {
        item.carrier = nil
        // One that was alone is skipped when its connection ends before it: another connection takes it.
        if case .read = item.route, !item.isAlone || (item.retries <= repetitionsMax && !item.isCancelled) {
            if item.isAlone { item.retries += 1 }
            item.isAlone = true
            return reads.putBack([item])
        }
        connection.underWay.removeAll { $0 == item }
        if connection.guarded == item { undoGuarded(on: connection) }
        if case .lease(let lease) = item.route { lease.failure = lease.failure ?? item.name }
        item.finish(
            .failure(connection.controlError ?? StorageError(.unavailable, "the connection refused its settings")))
    }

    /// What was written before the sync is durable now, but for a guarded write: its rows are counted, and may stay or not.
    private func synced(_ connection: PostgresConnection) {
        connection.controlError = nil
        if let outcome = connection.guarded?.heldOutcome {
            guard case .success = outcome else { return undoGuarded(on: connection) }
            connection.guarded = nil
            connection.sendCommit()
            return connection.sync()
        }
        while let item = connection.underWay.first, let outcome = item.heldOutcome {
            connection.underWay.removeFirst()
            item.finish(outcome)
        }
    }
}

/// No rows.
final class EmptyRows: SQLRowSource {
    static let shared = EmptyRows()

    var columnNames: [String] { [] }
    var rowCount: Int { 0 }

    func value(row: Int, column: Int) -> SQLValue { .null(.text) }
    func appendText(row: Int, column: Int, to buffer: inout [UInt8]) -> Bool { false }
}

extension StatementResult {
    static let nothing = StatementResult(rows: EmptyRows.shared, affected: 0)
}
