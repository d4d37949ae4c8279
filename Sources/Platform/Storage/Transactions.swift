import Base
import Synchronization

/// Sends reads of which each is its own transaction.
public struct Reader: Reading {
    let storage: Storage
    /// On whose behalf statements run.
    public let scope: Scope
    let freshness: Freshness

    /// What signs and checks cursors.
    public var cursors: CursorSigner { storage.cursors }

    /// Sends a statement whose rows are bounded by `rowsMax`.
    public func run(_ name: StaticString, _ sql: SQL, rowsMax: Int) async throws(StorageError) -> StatementResult {
        try await storage.send(name, sql, rowsMax: rowsMax, scope: scope) { request throws(StorageError) in
            try await storage.driver.run(request, scope: scope, access: .read, freshness: freshness)
        }
    }
}

/// Sends writes of which each is its own transaction.
public struct Writer: Writing {
    let storage: Storage
    /// On whose behalf statements run.
    public let scope: Scope
    let stripe: Int

    /// What signs and checks cursors.
    public var cursors: CursorSigner { storage.cursors }

    /// Sends a statement whose rows are bounded by `rowsMax`.
    public func run(_ name: StaticString, _ sql: SQL, rowsMax: Int) async throws(StorageError) -> StatementResult {
        try storage.checkNotWriting(name.description)
        return try await storage.send(name, sql, rowsMax: rowsMax, scope: scope, stripe: stripe) {
            request throws(StorageError) in
            try await storage.driver.run(request, scope: scope, access: .write, freshness: .primary)
        }
    }
}

/// Reads that see one state.
public struct ReadTransaction: Reading {
    let storage: Storage
    /// On whose behalf statements run.
    public let scope: Scope
    let open: any DriverTransaction
    let state = TransactionState()

    /// What signs and checks cursors.
    public var cursors: CursorSigner { storage.cursors }

    /// Sends a statement whose rows are bounded by `rowsMax`.
    public func run(_ name: StaticString, _ sql: SQL, rowsMax: Int) async throws(StorageError) -> StatementResult {
        try state.check()
        do throws(StorageError) {
            return try await storage.send(name, sql, rowsMax: rowsMax, scope: scope, through: open.run)
        } catch {
            state.fail(error)
            throw error
        }
    }

    /// Reads any number of rows in chunks of at most `chunkRows` (1 to ``ReadBounds/chunkRows``).
    ///
    /// The next chunk is fetched when `body` has returned, so that a slow consumer costs no memory.
    public func stream(
        _ name: StaticString, _ sql: SQL, chunkRows: Int = ReadBounds.chunkRows,
        _ body: (any SQLRowSource) async throws -> Void
    ) async throws {
        precondition(
            (1...ReadBounds.chunkRows).contains(chunkRows), "\(name) streams \(chunkRows) rows at a time: too many")
        try state.check()
        do {
            try await storage.sendStream(name, sql, chunkRows: chunkRows, open: open, scope: scope, body)
        } catch let error as StorageError {
            state.fail(error)
            throw error
        }
    }
}

/// Reads and writes that happen all or not at all.
public struct WriteTransaction: Writing {
    let storage: Storage
    /// On whose behalf statements run.
    public let scope: Scope
    let open: any DriverTransaction
    let state = TransactionState()

    /// What signs and checks cursors.
    public var cursors: CursorSigner { storage.cursors }

    /// Sends a statement whose rows are bounded by `rowsMax`.
    public func run(_ name: StaticString, _ sql: SQL, rowsMax: Int) async throws(StorageError) -> StatementResult {
        try state.check()
        do throws(StorageError) {
            return try await storage.send(name, sql, rowsMax: rowsMax, scope: scope, through: open.run)
        } catch {
            state.fail(error)
            throw error
        }
    }

    /// Has something happen once this transaction is committed, and only then.
    ///
    /// At most 64 effects.
    public func afterCommit(_ effect: CommitEffect) { state.add(effect) }
}

/// Whether a transaction is still open, and what waits for its commit.
final class TransactionState: Sendable {
    private struct Inner {
        var isOpen = true
        var failure: StorageError?
        var effects: [CommitEffect] = []
        var boxes: [String: any CollectedRows] = [:]
    }

    private let inner = Mutex(Inner())

    var effects: [CommitEffect] { inner.withLock { $0.effects } }

    /// The first failure of a statement, after which nothing is committed.
    var failure: StorageError? { inner.withLock { $0.failure } }

    func withBoxes<Result: Sendable>(_ body: (inout [String: any CollectedRows]) -> Result) -> Result {
        inner.withLock { body(&$0.boxes) }
    }

    func end() { inner.withLock { $0.isOpen = false } }

    func fail(_ error: StorageError) { inner.withLock { $0.failure = $0.failure ?? error } }

    func check() throws(StorageError) {
        let (isOpen, failure) = inner.withLock { ($0.isOpen, $0.failure) }
        guard isOpen else {
            throw StorageError(.transactionEnded, "a statement was sent after its transaction's closure had returned")
        }
        if let failure {
            throw StorageError(
                .transactionEnded, "an earlier statement of the transaction failed: nothing of it will be committed",
                underlying: failure)
        }
    }

    func add(_ effect: CommitEffect) {
        inner.withLock { state in
            if state.effects.contains(effect) { return }
            precondition(state.effects.count < 64, "a transaction has more than 64 effects: use one tag for all")
            state.effects.append(effect)
        }
    }
}
