import Base
public import Storage

extension PostgresStorage {
    /// The plan that the server makes for a statement whatever its values are, as JSON (`EXPLAIN (FORMAT JSON)`).
    ///
    /// Nothing is executed and no values are needed: the statement is prepared with the types of its values and its
    /// generic plan is shown. Costs four round trips on a direct connection.
    ///
    /// - Throws: `storage.invalidStatement` when the statement is wrong, `storage.setup` behind a pooler without
    ///   ``PostgresOptions/directURL``.
    public func explain(name: String, sql: RenderedSQL) async throws(StorageError) -> String {
        guard let directTarget else {
            throw StorageError(.setup, "plans need a connection without pooler: give the option directURL an address")
        }
        let session = try await PostgresSchemaSession.open(directTarget, options: options, isExclusive: false)
        let plan: Result<String, StorageError>
        do throws(StorageError) {
            plan = .success(try await Self.plan(of: sql, name: name, in: session))
        } catch {
            plan = .failure(error)
        }
        await session.close()
        return try plan.get()
    }

    private static func plan(
        of sql: RenderedSQL, name: String, in session: PostgresSchemaSession
    ) async throws(StorageError) -> String {
        let types = sql.parameters.map { parameter in
            switch parameter {
            case .value(let value): value.type.postgresName
            case .array(let column): column.type.postgresName + "[]"
            }
        }
        let list = types.isEmpty ? "" : "(\(types.joined(separator: ", ")))"
        let nulls = types.isEmpty ? "" : "(\(types.map { _ in "NULL" }.joined(separator: ", ")))"
        try await session.execute("SET plan_cache_mode = force_generic_plan")
        try await session.execute("PREPARE explained\(list) AS \(sql.text)")
        let rows = try await session.query("EXPLAIN (FORMAT JSON) EXECUTE explained\(nulls)")
        guard rows.rowCount == 1, case .json(let plan) = rows.value(row: 0, column: 0) else {
            throw StorageError(.invalidStatement, "\(name) has no plan")
        }
        return plan
    }
}

extension SQLType {
    /// The type's name in SQL.
    fileprivate var postgresName: String {
        switch self {
        case .bool: "boolean"
        case .integer: "bigint"
        case .double: "double precision"
        case .text: "text"
        case .bytes: "bytea"
        case .json: "jsonb"
        case .timestamp: "timestamptz"
        case .uuid: "uuid"
        }
    }
}
