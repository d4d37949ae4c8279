import Base
import Storage

/// A row of one column, the id of something.
struct IDRow<Entity>: RowDecodable {
    let id: ID<Entity>

    init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
}
