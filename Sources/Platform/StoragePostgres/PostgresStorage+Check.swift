import Base
import CLibPQ
public import Storage

extension PostgresStorage {
    /// Asks the server what would make a later statement fail, or a wall stand open.
    ///
    /// For the start of a program: one connection, one statement.
    ///
    /// - Throws: `storage.setup` when the role is a superuser or bypasses row-level security, so that the second wall
    ///   between tenants would not hold; `storage.unavailable` when the server cannot be reached.
    public func check() async throws(StorageError) {
        let text = """
            SELECT rolname::text, rolsuper OR rolbypassrls, current_setting('server_encoding')
            FROM pg_catalog.pg_roles WHERE rolname = current_user
            """
        let item = PendingStatement(
            name: "postgres.check", key: StatementKey(text: text, types: []), parameters: EncodedParameters(),
            rowsMax: 1, scope: .system, route: .read)
        let rows = try await reactor.answer(to: item).get().rows
        guard rows.rowCount == 1, let role = String.decode(rows.value(row: 0, column: 0)) else {
            throw StorageError(.setup, "the server does not tell what the role may do")
        }
        if rows.value(row: 0, column: 1) == .bool(true) {
            throw StorageError(
                .setup,
                "the role \(role) is not bound by row-level security: connect as an ordinary role that owns the database"
            )
        }
        guard rows.value(row: 0, column: 2) == .text("UTF8") else {
            throw StorageError(.setup, "the database is not encoded in UTF8: create it with ENCODING 'UTF8'")
        }
    }
}
