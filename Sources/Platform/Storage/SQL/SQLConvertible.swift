public import Base

extension Bool: SQLEncodable, SQLDecodable {
    /// Stored as boolean.
    public static var sqlType: SQLType { .bool }
    /// The value as a boolean.
    public var sqlValue: SQLValue { .bool(self) }
    /// Takes a boolean or the integers 0 and 1.
    public static func decode(_ value: SQLValue) -> Bool? {
        switch value {
        case .bool(let value): value
        case .integer(0): false
        case .integer(1): true
        default: nil
        }
    }
}

extension Int64: SQLEncodable, SQLDecodable {
    /// Stored as bigint.
    public static var sqlType: SQLType { .integer }
    /// The value as a bigint.
    public var sqlValue: SQLValue { .integer(self) }
    /// Takes an integer.
    public static func decode(_ value: SQLValue) -> Int64? {
        if case .integer(let value) = value { value } else { nil }
    }
}

extension Int: SQLEncodable, SQLDecodable {
    /// Stored as bigint.
    public static var sqlType: SQLType { .integer }
    /// The value as a bigint.
    public var sqlValue: SQLValue { .integer(Int64(self)) }
    /// Takes an integer.
    public static func decode(_ value: SQLValue) -> Int? { Int64.decode(value).map(Int.init) }
}

extension Double: SQLEncodable, SQLDecodable {
    /// Stored as double precision.
    public static var sqlType: SQLType { .double }
    /// The value as a double.
    public var sqlValue: SQLValue { .double(self) }
    /// Takes a double, or an integer: SQLite stores whole doubles as integers in columns without affinity.
    public static func decode(_ value: SQLValue) -> Double? {
        switch value {
        case .double(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }
}

extension String: SQLEncodable, SQLDecodable {
    /// Stored as text.
    public static var sqlType: SQLType { .text }
    /// The value as text.
    public var sqlValue: SQLValue { .text(self) }
    /// Takes text or a JSON document.
    public static func decode(_ value: SQLValue) -> String? {
        switch value {
        case .text(let value), .json(let value): value
        default: nil
        }
    }
}

extension [UInt8]: SQLEncodable, SQLDecodable {
    /// Stored as bytea.
    public static var sqlType: SQLType { .bytes }
    /// The value as bytes.
    public var sqlValue: SQLValue { .bytes(self) }
    /// Takes bytes.
    public static func decode(_ value: SQLValue) -> [UInt8]? {
        if case .bytes(let value) = value { value } else { nil }
    }
}

extension Timestamp: SQLEncodable, SQLDecodable {
    /// Stored as timestamptz.
    public static var sqlType: SQLType { .timestamp }
    /// The value as a time.
    public var sqlValue: SQLValue { .timestamp(self) }
    /// Takes a time or microseconds since 1970.
    public static func decode(_ value: SQLValue) -> Timestamp? {
        switch value {
        case .timestamp(let value): value
        case .integer(let value): Timestamp(microseconds: value)
        default: nil
        }
    }
}

extension CalendarDay: SQLEncodable, SQLDecodable {
    /// Stored as bigint: days since 1970-01-01.
    public static var sqlType: SQLType { .integer }
    /// The day as days since 1970-01-01.
    public var sqlValue: SQLValue { .integer(daysSinceEpoch) }
    /// Takes days since 1970-01-01.
    public static func decode(_ value: SQLValue) -> CalendarDay? {
        Int64.decode(value).map(CalendarDay.init(daysSinceEpoch:))
    }
}

extension ID: SQLEncodable, SQLDecodable {
    /// Stored as uuid.
    public static var sqlType: SQLType { .uuid }
    /// The id as a UUID.
    public var sqlValue: SQLValue { .uuid(high: high, low: low) }
    /// Takes a UUID or its 16 bytes.
    public static func decode(_ value: SQLValue) -> ID? {
        switch value {
        case .uuid(let high, let low): ID(high: high, low: low)
        case .bytes(let bytes): ID(bytes: bytes)
        default: nil
        }
    }
}

extension Optional: SQLEncodable where Wrapped: SQLEncodable {
    /// The type of what may be missing.
    public static var sqlType: SQLType { Wrapped.sqlType }
    /// The value, or null of its type.
    public var sqlValue: SQLValue { map(\.sqlValue) ?? .null(Wrapped.sqlType) }
}

extension SQLEncodable where Self: RawRepresentable, RawValue: SQLEncodable {
    /// The type of the raw value.
    public static var sqlType: SQLType { RawValue.sqlType }
    /// The raw value.
    public var sqlValue: SQLValue { rawValue.sqlValue }
}

extension SQLDecodable where Self: RawRepresentable, RawValue: SQLDecodable {
    /// Reads the raw value; `nil` for a raw value that no case has.
    public static func decode(_ value: SQLValue) -> Self? { RawValue.decode(value).flatMap(Self.init(rawValue:)) }
}
