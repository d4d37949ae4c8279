import AIProviders
import Base
import Storage

/// The vectors of one model over a collection.
struct VectorIndex: Sendable, Hashable, RowDecodable {
    enum State: String, Sendable, Hashable, CaseIterable, SQLEncodable, SQLDecodable {
        /// Searches use it.
        case live
        /// It is filled beside the live one.
        case building
        /// Its vectors are being removed.
        case retired
    }

    let id: ID<VectorIndex>
    let model: String
    let dimensions: Int
    /// Whether the model was asked for that many numbers; one without a choice must not be.
    let isSized: Bool
    let state: State
    let version: Int64

    static let columns: SQL = "id, model, dimensions, is_sized, state, version"

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        model = try row.value(at: 1)
        dimensions = try row.value(at: 2)
        isSized = try row.value(at: 3)
        state = try row.value(at: 4)
        version = try row.value(at: 5)
    }

    init(id: ID<VectorIndex>, model: String, dimensions: Int, isSized: Bool, state: State) {
        self.isSized = isSized
        self.id = id
        self.model = model
        self.dimensions = dimensions
        self.state = state
        version = 0
    }
}
