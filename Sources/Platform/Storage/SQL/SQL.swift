public import Base

/// A statement written as SQL, in which `\(value)` binds and never splices.
///
/// ```swift
/// let query: SQL = "SELECT id, title FROM clips WHERE tenant_id = \(tenant) AND slot_id = \(slot)"
/// ```
///
/// Text enters only through literals; a fragment is embedded with `\(sql:)`, a constant with `\(raw:)`, many rows with
/// `\(rows:)`. On PostgreSQL every bound value becomes `$n`, on SQLite `?`.
public struct SQL: Sendable {
    enum Part: Sendable, Hashable {
        case text(String)
        case bind(SQLValue)
        case tenant(Tenant)
        case rows(SQLRows)
        case replanned
    }

    var parts: [Part]

    init(parts: [Part]) { self.parts = parts }

    /// This statement, planned anew each time on PostgreSQL instead of staying prepared.
    ///
    /// For tables that are empty at one moment and have a million rows at the next, such as queues: a plan that was kept
    /// from the one would be wrong at the other. Costs what parsing and planning cost, some tenths of a millisecond.
    public var replanned: SQL { SQL(parts: parts + [.replanned]) }

    /// This statement with another fragment behind it.
    public func appending(_ other: SQL) -> SQL { SQL(parts: parts + other.parts) }
}

extension SQL: ExpressibleByStringInterpolation {
    /// Takes a literal without bound values.
    public init(stringLiteral value: StaticString) { parts = [.text(value.description)] }

    /// Takes a literal with bound values.
    public init(stringInterpolation: Interpolation) { parts = stringInterpolation.parts }

    /// Collects the pieces of an interpolated literal.
    public struct Interpolation: StringInterpolationProtocol {
        /// Literal pieces are compile-time constants.
        public typealias StringLiteralType = StaticString

        var parts: [Part] = []

        /// Reserves room.
        public init(literalCapacity: Int, interpolationCount: Int) { parts.reserveCapacity(interpolationCount * 2 + 1) }

        /// Takes a piece of the literal.
        public mutating func appendLiteral(_ literal: StaticString) { parts.append(.text(literal.description)) }

        /// Binds a value.
        public mutating func appendInterpolation(_ value: some SQLEncodable) { parts.append(.bind(value.sqlValue)) }

        /// Binds a value, or null of its type.
        public mutating func appendInterpolation<Value: SQLEncodable>(_ value: Value?) {
            parts.append(.bind(value.sqlValue))
        }

        /// Binds a value whose column type is known at run time only.
        public mutating func appendInterpolation(value: SQLValue) { parts.append(.bind(value)) }

        /// Binds the tenant, the mark without which no statement on a tenant table is sent.
        public mutating func appendInterpolation(_ tenant: Tenant) { parts.append(.tenant(tenant)) }

        /// Embeds another fragment.
        public mutating func appendInterpolation(sql fragment: SQL) { parts += fragment.parts }

        /// Splices a constant of the source code: a name that cannot be bound.
        public mutating func appendInterpolation(raw text: StaticString) { parts.append(.text(text.description)) }

        /// Embeds a table of bound values, to stand where a sub-select may: `IN (\(rows: ids))` or
        /// `WITH input(clip_id, weight) AS (\(rows: votes))`.
        public mutating func appendInterpolation(rows: SQLRows) { parts.append(.rows(rows)) }
    }
}

/// A table of values that is sent with a statement: columns of equal length.
///
/// PostgreSQL receives one array per column (`SELECT * FROM unnest($1, $2)`), so that the text of the statement does not
/// depend on the number of rows; SQLite receives `VALUES (?, ?), …`. At most ``Bounds/rows`` rows.
public struct SQLRows: Sendable, Hashable {
    /// Bounds of a table of values.
    public enum Bounds {
        /// Rows in one statement.
        ///
        /// SQLite binds at most 32,766 values.
        public static let rows = 4_096
        /// Values in one statement.
        public static let values = 32_000
    }

    /// A column: its type and its values from the first row to the last.
    public struct Column: Sendable, Hashable {
        /// The type of all values.
        public let type: SQLType
        /// The values; `null` of the same type where there is none.
        public let values: [SQLValue]
    }

    /// The columns, at least one.
    public let columns: [Column]
    /// How many rows there are; may be none.
    public var count: Int { columns[0].values.count }

    /// A table of one column.
    public init<Value: SQLEncodable>(_ values: some Collection<Value>) {
        self.init(columns: [Column(type: Value.sqlType, values: values.map(\.sqlValue))])
    }

    /// A table of several columns, each taken from the elements of a collection.
    ///
    /// ```swift
    /// SQLRows(votes, { $0.clip }, { $0.voter }, { $0.weight })
    /// ```
    public init<Element, each Value: SQLEncodable>(
        _ elements: some Collection<Element>, _ column: repeat (Element) -> each Value
    ) {
        var columns: [Column] = []
        repeat columns.append(
            Column(type: (each Value).sqlType, values: elements.map { (each column)($0).sqlValue }))
        self.init(columns: columns)
    }

    init(columns: [Column]) {
        precondition(!columns.isEmpty, "a table of values needs a column")
        let count = columns[0].values.count
        precondition(
            count <= Bounds.rows && count * columns.count <= Bounds.values,
            "\(count) rows × \(columns.count) columns exceed one statement: send at most \(Bounds.rows) rows at once")
        self.columns = columns
    }
}
