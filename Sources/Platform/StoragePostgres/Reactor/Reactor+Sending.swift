import Base
import CLibPQ
import Storage

extension Reactor {
    // MARK: Reads

    /// Spreads waiting reads over the shared connections, one sync per batch.
    ///
    /// While two batches are under way on a connection, the next one gathers: the busier, the larger the batches.
    func dispatchReads() {
        while !reads.isEmpty {
            var best: PostgresConnection?
            var choices = 0
            for connection in readers where isReady(connection) {
                choices += 1
                if let found = best, load(found) <= load(connection) { continue }
                best = connection
            }
            guard let connection = best else { break }
            let share = min(Bounds.batchReads, (reads.count + choices - 1) / choices)
            if load(connection) > 0 { openConnection(.reader) }
            sendReads(upTo: share, on: connection)
        }
        if !reads.isEmpty { openConnection(.reader) }
    }

    private func isReady(_ connection: PostgresConnection) -> Bool {
        !connection.isBroken && connection.flight.syncCount < Bounds.readBatches
    }

    /// How busy a connection is: a slow statement at its head weighs more than any number of quick ones.
    private func load(_ connection: PostgresConnection) -> Int {
        guard !connection.flight.isEmpty else { return 0 }
        return connection.flight.statementCount + (now - connection.lastProgress > Bounds.slow ? 1 << 20 : 0)
    }

    private func sendReads(upTo share: Int, on connection: PostgresConnection) {
        connection.sendDeallocations()
        var scope: FlightScope?
        var sent = 0
        while sent < share, let item = reads.first {
            if item.isAlone, sent > 0 { break }
            _ = reads.popFirst()
            if scope != item.scope {
                connection.sendScope(item.scope, isReadOnly: true)
                scope = item.scope
            }
            connection.send(item, now: now)
            sent += 1
            if item.isAlone { break }
        }
        if sent > 0 { connection.sync() }
    }

    // MARK: Writes

    /// Gives each waiting write to a connection: the one that has its like under way, else the least busy one.
    func dispatchWrites() {
        while let item = writes.first {
            guard let connection = writer(for: item) else {
                openConnection(.writer)
                break
            }
            _ = writes.popFirst()
            connection.backlog.append(item)
            pump(connection)
        }
        for connection in writers where !connection.backlog.isEmpty { pump(connection) }
    }

    /// `nil` when the write should rather wait for a connection that can still be opened.
    private func writer(for item: PendingStatement) -> PostgresConnection? {
        var best: PostgresConnection?
        for connection in writers where !connection.isBroken {
            let isKin = { (other: PendingStatement) in
                other.name == item.name && other.stripe == item.stripe && other.scope == item.scope
            }
            if connection.underWay.contains(where: isKin) || connection.backlog.contains(where: isKin) {
                return isFull(connection) ? nil : connection
            }
            if let found = best, writeLoad(found) <= writeLoad(connection) { continue }
            best = connection
        }
        guard let best, !isFull(best) else { return nil }
        let canGrow =
            slots[PostgresConnection.Role.writer.rawValue].failures == 0 && writers.count < options.writeConnections
        return writeLoad(best) > 0 && canGrow ? nil : best
    }

    private func writeLoad(_ connection: PostgresConnection) -> Int {
        connection.underWay.count + connection.backlog.count
    }

    private func isFull(_ connection: PostgresConnection) -> Bool { writeLoad(connection) >= options.writeDepth }

    /// Sends a connection's writes, each with a sync of its own.
    ///
    /// A write that may return rows is guarded: its rows are counted before it is committed, so that too many of them can
    /// still be undone. The next write waits for that one answer. Its transaction is an explicit one, so that the server
    /// ends it when this process stands still meanwhile (``PostgresOptions/idleTransactionTimeout``): no time-out of a
    /// server covers the implicit transaction of a statement that has been answered and not been synced.
    func pump(_ connection: PostgresConnection) {
        guard !connection.isBroken else { return }
        if connection.guarded == nil, !connection.backlog.isEmpty { connection.sendDeallocations() }
        while connection.guarded == nil, !connection.backlog.isEmpty {
            // PgBouncer takes the answer to an earlier sync for the end of everything that was sent without one.
            if !connection.settings.keepsSession, !connection.flight.isEmpty { return }
            let item = connection.backlog.removeFirst()
            if item.isFinished { continue }
            let isGuarded = item.rowsMax != .max && connection.prepared[item.key]?.isSilent != true
            if isGuarded { connection.sendControl("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE") }
            connection.sendScope(item.scope, isReadOnly: false)
            connection.send(item, now: now)
            connection.sync()
            connection.underWay.append(item)
            if isGuarded { connection.guarded = item }
        }
    }

    // MARK: Transactions

    func acquire(_ lease: Lease) {
        if lease.isCancelled { return lease.finish(.failure(.taskCancelled)) }
        if shutdownDeadline != nil { return lease.finish(.failure(.closed)) }
        leases[lease.caller] = lease
        perform(pool.acquire(lease.caller, lease.urgency, now: now))
    }

    func cancelLease(_ lease: Lease) {
        lease.isCancelled = true
        guard pool.cancel(lease.caller) else { return }
        leases[lease.caller] = nil
        lease.finish(.failure(.taskCancelled))
    }

    func perform(_ actions: [TransactionPool.Action]) {
        for action in actions {
            switch action {
            case .open: openConnection(.transaction)
            case .grant(let caller, let slot):
                guard let lease = leases[caller], let connection = transactions[slot] else { continue }
                connection.lease = lease
                lease.connection = connection
                lease.finish(.success(()))
            case .refuse(let caller, let refusal): leases.removeValue(forKey: caller)?.finish(.failure(error(refusal)))
            }
        }
    }

    private func error(_ refusal: TransactionPool.Refusal) -> StorageError {
        let account = pool.account(now: now)
        return switch refusal {
        case .serverIsDown: outage
        case .queueIsFull:
            StorageError(.exhausted, "\(options.acquireWaitersMax) transactions wait already: \(account)")
        case .waitedTooLong:
            StorageError(
                .exhausted,
                "no connection became free in \(options.acquireTimeout.milliseconds) ms: \(account)")
        }
    }

    /// Sends a transaction's statement; the first one carries the beginning with it.
    func run(_ item: PendingStatement, on lease: Lease) {
        guard let connection = lease.connection, !connection.isBroken else {
            return item.finish(.failure(outage))
        }
        if let failure = lease.failure, item.isKept {
            return item.finish(
                .failure(
                    StorageError(
                        .transactionEnded, "the transaction is void since \(failure) failed: nothing can follow it")))
        }
        if item.isEnd {
            lease.hasEnded = true
            if !lease.hasBegun { return item.finish(.success(.nothing)) }
        }
        pool.uses(connection.slot, statement: item.name)
        if !lease.hasBegun {
            lease.hasBegun = true
            connection.sendDeallocations()
            connection.sendControl(
                lease.isReadOnly
                    ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                    : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            connection.sendScope(lease.scope, isReadOnly: lease.isReadOnly)
        }
        connection.send(item, now: now)
        connection.sync()
    }

    /// Ends a transaction: undoes what was not committed and lets the next one have the connection.
    func release(_ lease: Lease) {
        guard leases.removeValue(forKey: lease.caller) != nil, let connection = lease.connection else { return }
        if lease.hasBegun, !lease.hasEnded {
            connection.sendControl("ROLLBACK")
            connection.sync()
        }
        lease.connection = nil
        connection.lease = nil
        guard !connection.isBroken else { return }
        perform(pool.available(connection.slot, now: now))
    }
}
