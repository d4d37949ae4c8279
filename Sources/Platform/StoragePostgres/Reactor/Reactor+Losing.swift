import Base
import CLibPQ
import Dispatch
import Logging
import Storage
import Synchronization

extension Reactor {
    // MARK: Lost connections

    /// Gives up a connection: reads go elsewhere once, writes are told what is known of them.
    func lose(_ connection: PostgresConnection, because reason: StorageError?) {
        guard connections.removeValue(forKey: connection.token) != nil else { return }
        connection.markBroken(reason?.message ?? "it was closed")
        if connection.descriptor >= 0 { poller.remove(connection.descriptor) }
        slots[connection.role.rawValue].lost(connection.slot)
        if shutdownDeadline == nil {
            reconnects += 1
            let text = String(cString: PQerrorMessage(connection.raw)).split(separator: "\n").joined(separator: "; ")
            lastFailure =
                reason ?? StorageError(.unavailable, "a connection broke: \(connection.breakage ?? "") \(text)")
            logger.warning("postgres.connectionLost", metadata: ["reason": "\(outage)"])
        }
        switch connection.role {
        case .reader:
            readers.removeAll { $0 === connection }
            let (again, failed) = partition(connection.flight.items) { $0.retries <= repetitionsMax && !$0.isCancelled }
            for item in again {
                item.retries += 1
                item.carrier = nil
            }
            reads.putBack(again)
            for item in failed { item.finish(.failure(outage)) }
        case .writer:
            writers.removeAll { $0 === connection }
            for item in connection.underWay { item.finish(.failure(fate(of: item, on: connection))) }
            writes.putBack(connection.backlog)
        case .transaction:
            transactions[connection.slot] = nil
            for item in connection.flight.items {
                item.finish(.failure(item.isEnd ? .unknown(outage) : outage))
            }
            if let held = connection.heldForCancel { held.finish(held.heldOutcome ?? .failure(outage)) }
            connection.lease?.connection = nil
            connection.lease = nil
            perform(pool.lost(connection.slot))
        }
    }

    /// How often a statement may be sent again: all connections may have ended at once and each of them been tried, and
    /// those that took their places too.
    var repetitionsMax: Int { 2 * max(options.readConnections, options.writeConnections) }

    /// What is known of a write whose connection broke.
    private func fate(of item: PendingStatement, on connection: PostgresConnection) -> StorageError {
        // Without its sync it cannot be committed; and a server that says good-bye has not begun what follows.
        let isUndone = connection.guarded == item || (connection.isEndedByServer && item.heldOutcome == nil)
        return isUndone ? outage : .unknown(outage)
    }

    private func partition(
        _ items: [PendingStatement], _ isFirst: (PendingStatement) -> Bool
    ) -> ([PendingStatement], [PendingStatement]) {
        (items.filter(isFirst), items.filter { !isFirst($0) })
    }

    // MARK: Cancellation

    /// Cancels for a task that was cancelled.
    ///
    /// What is not sent is dropped. A read that is sent on a shared connection is left behind: its caller goes at once,
    /// and the server is asked to cancel only when it still runs after ``PostgresOptions/cancelGrace``. A write's caller
    /// waits for the truth. In a transaction the server is asked at once.
    func cancel(_ item: PendingStatement) {
        item.isCancelled = true
        guard item.isTaken, !item.isFinished else { return }
        item.cancelledAt = now
        guard let connection = item.carrier else {
            // Answered and held, or waiting for its turn.
            if item.heldOutcome == nil { item.finish(.failure(.taskCancelled)) }
            return
        }
        switch item.route {
        case .lease: if !item.isEnd { requestCancel(connection) }
        case .write:
            connection.abandoned.append(item)
            cancelAbandoned(on: connection)
        case .read:
            connection.abandoned.append(item)
            item.finish(.failure(.taskCancelled))
        }
    }

    /// Asks the server to cancel what a connection runs, when its caller has gone.
    func cancelAbandoned(on connection: PostgresConnection) {
        guard !connection.abandoned.isEmpty else { return }
        connection.abandoned.removeAll { $0.carrier == nil }
        let grace = connection.role == .reader ? options.cancelGrace : .zero
        guard let first = connection.flight.first, connection.abandoned.contains(first),
            now - first.cancelledAt >= grace
        else { return }
        requestCancel(connection)
    }

    /// One request at a time per connection: it is made over a connection of its own and may take a while.
    private func requestCancel(_ connection: PostgresConnection) {
        guard connection.cancelsUnderWay == 0 else { return }
        let request = CancelRequest(connection.raw)
        connection.cancelsUnderWay += 1
        connection.cancelledAt = now
        let token = connection.token
        cancelling.async(group: blocking) {
            request.send()
            _ = self.submit(.cancelDelivered(token: token))
        }
    }

    func cancelDelivered(_ token: UInt64) {
        guard let connection = connections[token] else { return }
        connection.cancelsUnderWay -= 1
        guard let held = connection.heldForCancel else { return }
        connection.heldForCancel = nil
        held.finish(held.heldOutcome ?? .failure(.taskCancelled))
    }

    // MARK: Figures

    func publish() {
        let oldest = pool.holders.values.min { $0.since < $1.since }
        var inFlight = 0
        for connection in connections.values { inFlight += connection.flight.statementCount }
        figures.withLock { figures in
            figures.statistics.connectionsOpen = connections.count
            figures.statistics.connectionsHeld = pool.holders.count
            figures.statistics.waiting = pool.waitingCount + reads.count + writes.count
            figures.statistics.inFlight = inFlight
            figures.statistics.reconnects = reconnects
            figures.statistics.isAvailable = !readers.isEmpty
            figures.statistics.longestHolder = oldest?.statement ?? ""
            figures.heldSince = oldest?.since
        }
    }
}

extension StorageError {
    /// The connection broke after a write was sent.
    static func unknown(_ cause: StorageError) -> StorageError {
        StorageError(
            .outcomeUnknown, "the connection broke after the write was sent: it may or may not have happened",
            context: cause.context, underlying: cause)
    }
}
