import Base
import GRDBSQLite
import Storage

/// Rows copied out of SQLite into two pieces of memory, whatever their number; values are made only where one is read.
final class SQLiteRows: SQLRowSource {
    enum Kind: UInt8 { case null, integer, double, text, bytes }

    struct Cell {
        var kind: Kind
        var length: Int32 = 0
        /// The integer, the double's bits, or where the bytes begin.
        var payload: Int64 = 0
    }

    let columnNames: [String]
    let rowCount: Int
    private let types: [SQLType?]
    private let cells: [Cell]
    private let bytes: [UInt8]

    init(columns: SQLiteColumns, builder: SQLiteRowsBuilder) {
        columnNames = columns.names
        types = columns.types
        rowCount = builder.rowCount
        cells = builder.cells
        bytes = builder.bytes
    }

    func value(row: Int, column: Int) -> SQLValue {
        let cell = cells[row * columnNames.count + column]
        let type = types[column]
        switch cell.kind {
        case .null: return .null(type ?? .text)
        case .integer:
            switch type {
            case .bool where cell.payload == 0 || cell.payload == 1: return .bool(cell.payload == 1)
            case .timestamp: return .timestamp(Timestamp(microseconds: cell.payload))
            case .double: return .double(Double(cell.payload))
            case .json: return .json(String(cell.payload))
            default: return .integer(cell.payload)
            }
        case .double:
            let value = Double(bitPattern: UInt64(bitPattern: cell.payload))
            return type == .json ? .json(String(value)) : .double(value)
        case .text:
            let text = String(decoding: slice(cell), as: UTF8.self)
            return type == .json ? .json(text) : .text(text)
        case .bytes:
            if type == .uuid, let id = ID<Tenant>(bytes: slice(cell)) { return .uuid(high: id.high, low: id.low) }
            return .bytes(Array(slice(cell)))
        }
    }

    func appendText(row: Int, column: Int, to buffer: inout [UInt8]) -> Bool {
        let cell = cells[row * columnNames.count + column]
        guard cell.kind == .text else { return value(row: row, column: column).appendText(to: &buffer) }
        buffer.append(contentsOf: slice(cell))
        return true
    }

    private func slice(_ cell: Cell) -> ArraySlice<UInt8> {
        bytes[Int(cell.payload)..<Int(cell.payload) + Int(cell.length)]
    }
}

/// Names and declared types of the columns of a prepared statement.
struct SQLiteColumns {
    var names: [String] = []
    var types: [SQLType?] = []

    init(of statement: OpaquePointer) {
        for index in 0..<sqlite3_column_count(statement) {
            names.append(sqlite3_column_name(statement, index).map { String(cString: $0) } ?? "")
            types.append(sqlite3_column_decltype(statement, index).flatMap { Self.type(declared: String(cString: $0)) })
        }
    }

    /// The type that a column was declared with, in PostgreSQL's names, which SQLite keeps as they were written.
    private static func type(declared: String) -> SQLType? {
        switch declared.lowercased() {
        case "boolean", "bool": .bool
        case "bigint", "integer", "int", "smallint": .integer
        case "double precision", "real", "double": .double
        case "text": .text
        case "bytea", "blob": .bytes
        case "jsonb", "json": .json
        case "timestamptz", "timestamp with time zone": .timestamp
        case "uuid": .uuid
        default: nil
        }
    }
}

/// Collects the rows of a running statement.
struct SQLiteRowsBuilder {
    private(set) var rowCount = 0
    private(set) var cells: [SQLiteRows.Cell] = []
    private(set) var bytes: [UInt8] = []

    /// Copies the row on which the statement stands.
    mutating func append(rowOf statement: OpaquePointer, columns: Int) {
        for index in 0..<CInt(columns) {
            switch sqlite3_column_type(statement, index) {
            case SQLITE_INTEGER:
                cells.append(SQLiteRows.Cell(kind: .integer, payload: sqlite3_column_int64(statement, index)))
            case SQLITE_FLOAT:
                let bits = sqlite3_column_double(statement, index).bitPattern
                cells.append(SQLiteRows.Cell(kind: .double, payload: Int64(bitPattern: bits)))
            case SQLITE_TEXT:
                append(.text, UnsafeRawPointer(sqlite3_column_text(statement, index)), of: statement, at: index)
            case SQLITE_BLOB: append(.bytes, sqlite3_column_blob(statement, index), of: statement, at: index)
            default: cells.append(SQLiteRows.Cell(kind: .null))
            }
        }
        rowCount += 1
    }

    private mutating func append(
        _ kind: SQLiteRows.Kind, _ start: UnsafeRawPointer?, of statement: OpaquePointer, at index: CInt
    ) {
        let length = sqlite3_column_bytes(statement, index)
        cells.append(SQLiteRows.Cell(kind: kind, length: length, payload: Int64(bytes.count)))
        if let start, length > 0 {
            bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: Int(length)))
        }
    }
}
