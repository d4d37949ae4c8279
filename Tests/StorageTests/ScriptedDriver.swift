import Base
import Storage
import Synchronization

/// An engine that fails as a test wants it to, where a real one cannot be made to.
final class ScriptedDriver: StorageDriver, DriverTransaction {
    struct State {
        var commitFailures: [StorageError.Code] = []
        var begun = 0
        var committed = 0
        var rolledBack = 0
        var statements: [String] = []
    }

    let state: Mutex<State>

    init(commitFailures: [StorageError.Code] = []) {
        state = Mutex(State(commitFailures: commitFailures))
    }

    var dialect: Dialect { .sqlite }

    func run(_ request: StatementRequest) async throws(StorageError) -> StatementResult {
        state.withLock { $0.statements.append(request.sql.text) }
        return StatementResult(rows: MaterialisedRows(columnNames: ["a"], values: [.integer(1)]), affected: 1)
    }

    func run(
        _ request: StatementRequest, scope: Scope, access: Access, freshness: Freshness
    ) async throws(StorageError) -> StatementResult {
        try await run(request)
    }

    func begin(
        scope: Scope, access: Access, freshness: Freshness
    ) async throws(StorageError) -> any DriverTransaction {
        state.withLock { $0.begun += 1 }
        return self
    }

    func stream(
        _ request: StatementRequest, chunkRows: Int, _ body: (any SQLRowSource) async throws -> Void
    ) async throws {}

    func commit() async throws(StorageError) -> CommitToken {
        let failure = state.withLock { state in
            state.commitFailures.isEmpty ? nil : state.commitFailures.removeFirst()
        }
        if let failure { throw StorageError(failure, "scripted") }
        state.withLock { $0.committed += 1 }
        return CommitToken(position: 1)
    }

    func rollback() async { state.withLock { $0.rolledBack += 1 } }

    func withSchemaSession<Result: Sendable>(
        _ body: @Sendable (any SchemaSession) async throws -> Result
    ) async throws -> Result {
        throw StorageError(.setup, "the script has no schema")
    }

    func statistics() -> DriverStatistics { DriverStatistics() }

    func shutdown() async {}
}
