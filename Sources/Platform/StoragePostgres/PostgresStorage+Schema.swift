public import Storage

extension PostgresStorage {
    /// Opens the one session that may change the schema, on a direct connection that holds an advisory lock.
    public func withSchemaSession<Result: Sendable>(
        _ body: @Sendable (any SchemaSession) async throws -> Result
    ) async throws -> Result {
        guard let directTarget else {
            throw StorageError(
                .setup, "migrations need a connection without pooler: give the option directURL an address")
        }
        let session = try await PostgresSchemaSession.open(directTarget, options: options)
        do {
            let result = try await body(session)
            await session.close()
            return result
        } catch {
            await session.close()
            throw error
        }
    }
}
