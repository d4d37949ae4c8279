import Base

/// Rows as a driver holds them; decoded only where someone reads.
public protocol SQLRowSource: AnyObject, Sendable {
    /// Names of the columns, in order.
    var columnNames: [String] { get }
    /// How many rows there are.
    var rowCount: Int { get }
    /// The value at a place that exists.
    func value(row: Int, column: Int) -> SQLValue
    /// Appends the text form of a value to `buffer` (CSV without quoting), the cheapest way out for exports. Returns
    /// whether there was a value.
    func appendText(row: Int, column: Int, to buffer: inout [UInt8]) -> Bool
}

/// One row of a result.
public struct SQLRow: Sendable {
    /// Where the row lives.
    public let source: any SQLRowSource
    /// The row's place in its result.
    public let index: Int

    /// Points at a row.
    public init(source: any SQLRowSource, index: Int) {
        self.source = source
        self.index = index
    }

    /// Reads a column by its place.
    ///
    /// - Throws: `storage.rowMismatch` when there is no such column or its value is null or of another type.
    public func value<Value: SQLDecodable>(
        at column: Int, as type: Value.Type = Value.self
    ) throws(StorageError) -> Value {
        guard column < source.columnNames.count else {
            throw .rowMismatch("column \(column) was read of a row with \(source.columnNames.count) columns")
        }
        let value = source.value(row: index, column: column)
        guard let decoded = Value.decode(value) else {
            throw .rowMismatch(
                "column \(source.columnNames[column]) holds \(value.isNull ? "null" : value.type.rawValue), "
                    + "which is no \(Value.self)")
        }
        return decoded
    }

    /// Reads a column that may be null by its place.
    ///
    /// - Throws: `storage.rowMismatch` when there is no such column or its value is of another type.
    public func optional<Value: SQLDecodable>(
        at column: Int, as type: Value.Type = Value.self
    ) throws(StorageError) -> Value? {
        guard column < source.columnNames.count else {
            throw .rowMismatch("column \(column) was read of a row with \(source.columnNames.count) columns")
        }
        if source.value(row: index, column: column).isNull { return nil }
        return try value(at: column)
    }

    /// Reads a column by its name.
    ///
    /// - Throws: `storage.rowMismatch` when there is no such column or its value is null or of another type.
    public func value<Value: SQLDecodable>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(StorageError) -> Value {
        try value(at: place(of: column))
    }

    /// Reads a column that may be null by its name.
    ///
    /// - Throws: `storage.rowMismatch` when there is no such column or its value is of another type.
    public func optional<Value: SQLDecodable>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(StorageError) -> Value? {
        try optional(at: place(of: column))
    }

    private func place(of column: String) throws(StorageError) -> Int {
        guard let place = source.columnNames.firstIndex(of: column) else {
            throw .rowMismatch("the row has no column \(column), only \(source.columnNames.joined(separator: ", "))")
        }
        return place
    }
}

/// A type that is read from a whole row.
public protocol RowDecodable: Sendable {
    /// Reads the row.
    init(row: SQLRow) throws(StorageError)
}

/// Rows in memory, for drivers whose engine hands out values one by one.
public final class MaterialisedRows: SQLRowSource {
    /// Names of the columns.
    public let columnNames: [String]
    /// How many rows there are.
    public let rowCount: Int
    private let values: [SQLValue]

    /// Takes the values of all rows, one row after the other.
    public init(columnNames: [String], values: [SQLValue]) {
        self.columnNames = columnNames
        self.values = values
        rowCount = columnNames.isEmpty ? 0 : values.count / columnNames.count
    }

    /// The value at a place that exists.
    public func value(row: Int, column: Int) -> SQLValue { values[row * columnNames.count + column] }

    /// Appends the text form.
    public func appendText(row: Int, column: Int, to buffer: inout [UInt8]) -> Bool {
        value(row: row, column: column).appendText(to: &buffer)
    }
}

extension SQLValue {
    /// Appends the text form of this value; `false` and nothing for null.
    ///
    /// Both engines give the same text: times in ISO 8601, UUIDs with dashes, bytes in lower-case hexadecimal, booleans
    /// as `true` and `false`.
    public func appendText(to buffer: inout [UInt8]) -> Bool {
        switch self {
        case .null: return false
        case .bool(let value): buffer.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): buffer.append(contentsOf: String(value).utf8)
        case .double(let value): buffer.append(contentsOf: String(value).utf8)
        case .text(let value), .json(let value): buffer.append(contentsOf: value.utf8)
        case .timestamp(let value): buffer.append(contentsOf: value.description.utf8)
        case .uuid(let high, let low):
            buffer.append(contentsOf: ID<Tenant>(high: high, low: low).description.utf8)
        case .bytes(let value):
            for byte in value {
                let digits = Array("0123456789abcdef".utf8)
                buffer.append(digits[Int(byte >> 4)])
                buffer.append(digits[Int(byte & 15)])
            }
        }
        return true
    }
}
