public import Storage
import Synchronization

/// A driver whose process dies at a chosen moment: of what it is asked after that nothing comes, as after `kill -9`.
///
/// Tests have a node die before and after each thing that it makes durable, one run for each, until a run outlives them all:
///
/// ```swift
/// for count in 0... {
///     let driver = MortalDriver(living, dies: .before, durable: count)
///     …
///     guard driver.isDead else { break }
/// }
/// ```
public final class MortalDriver: StorageDriver {
    /// When it dies.
    public enum Moment: Sendable, CaseIterable {
        /// Before something becomes durable, which it then never does.
        case before
        /// When something has become durable, and nobody has been told.
        case after
    }

    private enum Fate {
        case goOn
        case dieBefore
        case dieAfter
    }

    private let driver: any StorageDriver
    private let moment: Moment
    private let state: Mutex<(left: Int, isDead: Bool)>

    /// Wraps a driver, which stays alive.
    ///
    /// - Parameters:
    ///   - driver: what works.
    ///   - moment: when it dies.
    ///   - count: how many things it makes durable before that.
    public init(_ driver: any StorageDriver, dies moment: Moment, durable count: Int) {
        self.driver = driver
        self.moment = moment
        state = Mutex((count, false))
    }

    /// Whether it has died.
    public var isDead: Bool { state.withLock { $0.isDead } }

    /// The dialect of the driver below.
    public var dialect: Dialect { driver.dialect }

    private static let death = StorageError(.closed, "the process was killed")

    fileprivate func live() throws(StorageError) { if isDead { throw Self.death } }

    /// Makes something durable, or dies of it.
    fileprivate func endure<Result>(
        _ work: () async throws(StorageError) -> Result, orElse undo: () async -> Void
    ) async throws(StorageError) -> Result {
        try live()
        let fate = state.withLock { state in
            guard state.left == 0 else {
                state.left -= 1
                return Fate.goOn
            }
            return moment == .before ? .dieBefore : .dieAfter
        }
        switch fate {
        case .goOn: return try await work()
        case .dieBefore:
            state.withLock { $0.isDead = true }
            await undo()
            throw Self.death
        case .dieAfter:
            _ = try await work()
            state.withLock { $0.isDead = true }
            throw Self.death
        }
    }

    /// Runs a statement; one that writes is something durable.
    public func run(
        _ request: StatementRequest, scope: Scope, access: Access, freshness: Freshness
    ) async throws(StorageError) -> StatementResult {
        try live()
        guard access == .write else {
            return try await driver.run(request, scope: scope, access: access, freshness: freshness)
        }
        return try await endure { () async throws(StorageError) in
            try await driver.run(request, scope: scope, access: access, freshness: freshness)
        } orElse: {
        }
    }

    /// Opens a transaction, whose commit is something durable where it writes.
    public func begin(
        scope: Scope, access: Access, freshness: Freshness
    ) async throws(StorageError) -> any DriverTransaction {
        try live()
        let transaction = try await driver.begin(scope: scope, access: access, freshness: freshness)
        return MortalTransaction(transaction, of: self, isWriting: access == .write)
    }

    /// Opens the schema's session below.
    public func withSchemaSession<Result: Sendable>(
        _ body: @Sendable (any SchemaSession) async throws -> Result
    ) async throws -> Result {
        try live()
        return try await driver.withSchemaSession(body)
    }

    /// Listens below.
    public func listen(to channels: [String]) throws(StorageError) -> (any NotificationFeed)? {
        try live()
        return try driver.listen(to: channels)
    }

    /// What the driver below counts.
    public func statistics() -> DriverStatistics { driver.statistics() }

    /// Does nothing: the driver below lives on.
    public func shutdown() async {}
}

/// A transaction of a process that may die.
private final class MortalTransaction: DriverTransaction {
    private let transaction: any DriverTransaction
    private let driver: MortalDriver
    private let isWriting: Bool
    /// Whether it has been committed, or undone: a process that lives on would undo it when a commit fails.
    private let isOver = Atomic(false)

    init(_ transaction: any DriverTransaction, of driver: MortalDriver, isWriting: Bool) {
        self.transaction = transaction
        self.driver = driver
        self.isWriting = isWriting
    }

    func run(_ request: StatementRequest) async throws(StorageError) -> StatementResult {
        try driver.live()
        return try await transaction.run(request)
    }

    func stream(
        _ request: StatementRequest, chunkRows: Int, _ body: (any SQLRowSource) async throws -> Void
    ) async throws {
        try driver.live()
        try await transaction.stream(request, chunkRows: chunkRows, body)
    }

    func commit() async throws(StorageError) -> CommitToken {
        guard isWriting else {
            try driver.live()
            isOver.store(true, ordering: .relaxed)
            return try await transaction.commit()
        }
        return try await driver.endure { () async throws(StorageError) in
            isOver.store(true, ordering: .relaxed)
            return try await transaction.commit()
        } orElse: {
            await rollback()
        }
    }

    func rollback() async {
        guard !isOver.exchange(true, ordering: .relaxed) else { return }
        await transaction.rollback()
    }
}
