import Base
import CLibPQ
import Storage

#if canImport(Glibc)
    import Glibc
#endif

/// The values of a statement in PostgreSQL's binary form, in one buffer.
struct EncodedParameters: Sendable {
    /// A value's place in the buffer; `length` is -1 for null.
    struct Place: Sendable {
        var offset: Int32
        var length: Int32
    }

    private(set) var bytes: [UInt8] = []
    private(set) var places: [Place] = []
    private(set) var types: [Oid] = []

    private enum Bounds {
        /// libpq and the protocol count parameters in 16 bits.
        static let parameters = 65_535
        /// Bytes of one statement's values: far below the protocol's 1 GiB, so that offsets fit.
        static let bytes = 256 << 20
    }

    init() {}

    init(_ sql: RenderedSQL) throws(StorageError) {
        guard sql.parameters.count <= Bounds.parameters else {
            throw StorageError(.tooLarge, "a statement binds \(sql.parameters.count) values, of \(Bounds.parameters)")
        }
        places.reserveCapacity(sql.parameters.count)
        types.reserveCapacity(sql.parameters.count)
        for parameter in sql.parameters {
            let start = bytes.count
            var isNull = false
            switch parameter {
            case .value(let value):
                types.append(value.type.oid)
                isNull = try !append(value)
            case .array(let column):
                types.append(column.type.arrayOID)
                try append(column)
            }
            guard bytes.count <= Bounds.bytes else {
                throw StorageError(.tooLarge, "the values of a statement exceed \(Bounds.bytes >> 20) MiB")
            }
            places.append(Place(offset: Int32(start), length: isNull ? -1 : Int32(bytes.count - start)))
        }
    }

    /// Adds a text value; for the driver's own statements.
    mutating func appendText(_ text: String) {
        types.append(SQLType.text.oid)
        places.append(Place(offset: Int32(bytes.count), length: Int32(text.utf8.count)))
        bytes.append(contentsOf: text.utf8)
    }

    /// Appends a value; `false` for null.
    private mutating func append(_ value: SQLValue) throws(StorageError) -> Bool {
        switch value {
        case .null: return false
        case .bool(let value): bytes.append(value ? 1 : 0)
        case .integer(let value): append(UInt64(bitPattern: value))
        case .double(let value): append(value.bitPattern)
        case .text(let value): try append(value)
        case .bytes(let value): bytes.append(contentsOf: value)
        case .json(let value):
            bytes.append(1)  // the version of jsonb's binary form
            try append(value)
        case .timestamp(let value):
            let (shifted, overflow) = value.microseconds.subtractingReportingOverflow(postgresEpoch)
            guard !overflow else {
                throw StorageError(.invalidValue, "a time is too far from the year 2000 for the database")
            }
            append(UInt64(bitPattern: shifted))
        case .uuid(let high, let low):
            append(high)
            append(low)
        }
        return true
    }

    /// Appends an array of one dimension whose first index is 1.
    private mutating func append(_ column: SQLRows.Column) throws(StorageError) {
        append(UInt32(column.values.isEmpty ? 0 : 1))
        append(UInt32(column.values.contains(where: \.isNull) ? 1 : 0))
        append(UInt32(column.type.oid))
        guard !column.values.isEmpty else { return }
        append(UInt32(column.values.count))
        append(UInt32(1))
        for value in column.values {
            let start = bytes.count
            append(UInt32(0))
            let length: UInt32 = try append(value) ? UInt32(bytes.count - start - 4) : .max
            withUnsafeBytes(of: length.bigEndian) { length in
                bytes.replaceSubrange(start..<start + 4, with: length)
            }
        }
    }

    private mutating func append(_ text: String) throws(StorageError) {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        let hasZero = bytes.withUnsafeBytes { bytes in
            guard bytes.count > start, let base = bytes.baseAddress else { return false }
            return memchr(base + start, 0, bytes.count - start) != nil
        }
        if hasZero {
            throw StorageError(.invalidValue, "a text holds the character U+0000, which cannot be stored")
        }
    }

    private mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// What makes two statements the same prepared statement: the text and the types of its values.
struct StatementKey: Sendable, Hashable {
    let text: String
    let types: [Oid]
    private let hash: Int

    init(text: String, types: [Oid]) {
        self.text = text
        self.types = types
        // Hashed once, on the caller's task: the one thread that serves all connections looks the key up again.
        var hasher = Hasher()
        hasher.combine(text)
        hasher.combine(types)
        hash = hasher.finalize()
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    static func == (left: Self, right: Self) -> Bool {
        left.hash == right.hash && left.types == right.types && left.text == right.text
    }
}
