public import Base

/// A value on its way to or from a database, in the types that both engines agree on.
///
/// | Case | PostgreSQL | SQLite |
/// |---|---|---|
/// | `bool` | boolean | INTEGER 0, 1 |
/// | `integer` | bigint | INTEGER |
/// | `double` | double precision | REAL |
/// | `text` | text | TEXT |
/// | `bytes` | bytea | BLOB |
/// | `json` | jsonb | TEXT |
/// | `timestamp` | timestamptz | INTEGER, microseconds since 1970 UTC |
/// | `uuid` | uuid | BLOB of 16 bytes |
public enum SQLValue: Sendable, Hashable {
    /// The absence of a value of a type; the type keeps prepared statements stable.
    case null(SQLType)
    /// True or false.
    case bool(Bool)
    /// A 64-bit whole number.
    case integer(Int64)
    /// A 64-bit floating-point number.
    case double(Double)
    /// Text without the character U+0000, which PostgreSQL cannot store.
    case text(String)
    /// Bytes.
    case bytes([UInt8])
    /// A JSON document in text form.
    case json(String)
    /// A point in time.
    case timestamp(Timestamp)
    /// The two big-endian halves of a UUID.
    case uuid(high: UInt64, low: UInt64)

    /// The type of this value.
    public var type: SQLType {
        switch self {
        case .null(let type): type
        case .bool: .bool
        case .integer: .integer
        case .double: .double
        case .text: .text
        case .bytes: .bytes
        case .json: .json
        case .timestamp: .timestamp
        case .uuid: .uuid
        }
    }

    /// Whether there is no value.
    public var isNull: Bool { if case .null = self { true } else { false } }
}

/// The types of columns that both engines agree on.
public enum SQLType: String, Sendable, Hashable, CaseIterable {
    /// boolean
    case bool
    /// bigint
    case integer
    /// double precision
    case double
    /// text
    case text
    /// bytea
    case bytes
    /// jsonb
    case json
    /// timestamptz
    case timestamp
    /// uuid
    case uuid
}

/// A Swift type that can be bound in a statement.
public protocol SQLEncodable: Sendable {
    /// The column type that values of this type have.
    static var sqlType: SQLType { get }
    /// This value for the database.
    var sqlValue: SQLValue { get }
}

/// A Swift type that can be read from a column.
public protocol SQLDecodable: Sendable {
    /// Reads a column's value.
    ///
    /// SQLite does not know all types: a bool arrives as an integer, a UUID as bytes, a time as microseconds.
    ///
    /// - Returns: `nil` when the value is of another type or out of range.
    static func decode(_ value: SQLValue) -> Self?
}

/// A Swift type that can be bound and read.
public typealias SQLConvertible = SQLEncodable & SQLDecodable
