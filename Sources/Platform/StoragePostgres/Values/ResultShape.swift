import CLibPQ
import Storage

/// Names and types of a result's columns; one for all results of a prepared statement.
final class ResultShape: Sendable {
    let names: [String]
    let types: [PostgresType]
    private let oids: [Oid]

    /// Reads the columns of a result, refusing types that the driver cannot read.
    init(_ result: OpaquePointer) throws(StorageError) {
        var names: [String] = []
        var types: [PostgresType] = []
        var oids: [Oid] = []
        for column in 0..<PQnfields(result) {
            let oid = PQftype(result, column)
            let name = String(cString: PQfname(result, column))
            guard let type = PostgresType(oid: oid) else {
                throw StorageError(
                    .rowMismatch,
                    "column \(name) is of a type that is not read (object identifier \(oid)): cast it, as in "
                        + "\(name)::text")
            }
            names.append(name)
            types.append(type)
            oids.append(oid)
        }
        self.names = names
        self.types = types
        self.oids = oids
    }

    /// Whether a result has these columns.
    ///
    /// Names of a prepared statement do not change while its types do not.
    func describes(_ result: OpaquePointer) -> Bool {
        guard Int(PQnfields(result)) == oids.count else { return false }
        for (column, oid) in oids.enumerated() where PQftype(result, Int32(column)) != oid { return false }
        return true
    }
}
