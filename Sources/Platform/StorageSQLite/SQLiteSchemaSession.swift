import Base
import Storage

/// Changes of the schema, on the writer.
struct SQLiteSchemaSession: SchemaSession {
    private enum Bounds {
        static let rows = 10_000
    }

    let connection: SQLiteConnection

    func execute(_ text: String) async throws(StorageError) {
        try await connection.performing { () throws(StorageError) in try connection.executeSchema(text) }.get()
    }

    func transaction(_ statements: [String]) async throws(StorageError) {
        try await connection.performing { () throws(StorageError) in
            defer { connection.rollBack() }
            try connection.control("BEGIN IMMEDIATE")
            for statement in statements { try connection.executeSchema(statement) }
            try connection.commit()
        }.get()
    }

    func query(_ text: String) async throws(StorageError) -> any SQLRowSource {
        try await connection.performing { () throws(StorageError) in
            try connection.querySchema(text, rowsMax: Bounds.rows)
        }.get()
    }
}
