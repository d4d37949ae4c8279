import Base
import CLibPQ
import Storage

/// Rows as libpq holds them, decoded where someone reads.
///
/// SAFETY: a PGresult does not change once libpq has handed it over, and is freed once.
final class PostgresRows: SQLRowSource, @unchecked Sendable {
    private let result: OpaquePointer
    private let shape: ResultShape
    let rowCount: Int

    /// Takes ownership of a result.
    init(owning result: OpaquePointer, shape: ResultShape) {
        self.result = result
        self.shape = shape
        rowCount = Int(PQntuples(result))
    }

    deinit { PQclear(result) }

    var columnNames: [String] { shape.names }

    func value(row: Int, column: Int) -> SQLValue {
        let type = shape.types[column]
        guard let field = field(row: row, column: column) else { return .null(type.sqlType) }
        switch type {
        case .bool: return .bool(field.number(UInt8.self) != 0)
        case .int2: return .integer(Int64(field.number(Int16.self)))
        case .int4: return .integer(Int64(field.number(Int32.self)))
        case .int8: return .integer(field.number(Int64.self))
        case .oid: return .integer(Int64(field.number(UInt32.self)))
        case .float4: return .double(Double(Float(bitPattern: field.number(UInt32.self))))
        case .float8: return .double(Double(bitPattern: field.number(UInt64.self)))
        case .numeric: return PostgresNumeric(field).value
        case .text: return .text(String(decoding: field, as: UTF8.self))
        case .void: return .null(.text)
        case .json: return .json(String(decoding: field, as: UTF8.self))
        case .jsonb: return .json(String(decoding: field.dropFirst(), as: UTF8.self))
        case .bytes: return .bytes(Array(field))
        case .date: return .integer(days(field))
        case .timestamp: return .timestamp(Timestamp(microseconds: microseconds(field)))
        case .uuid:
            return .uuid(
                high: field.number(UInt64.self), low: UnsafeRawBufferPointer(rebasing: field[8...]).number(UInt64.self))
        }
    }

    func appendText(row: Int, column: Int, to buffer: inout [UInt8]) -> Bool {
        guard let field = field(row: row, column: column) else { return false }
        switch shape.types[column] {
        case .int2: buffer.append(decimal: Int64(field.number(Int16.self)))
        case .int4: buffer.append(decimal: Int64(field.number(Int32.self)))
        case .int8: buffer.append(decimal: field.number(Int64.self))
        case .text, .json: buffer.append(contentsOf: field)
        case .jsonb: buffer.append(contentsOf: field.dropFirst())
        case .uuid: buffer.append(uuid: field)
        case .bytes: for byte in field { buffer.append(hexadecimal: byte) }
        case .timestamp: buffer.append(time: microseconds(field))
        case .date: buffer.append(day: days(field))
        case .void: return false
        case .bool, .oid, .float4, .float8, .numeric:
            return value(row: row, column: column).appendText(to: &buffer)
        }
        return true
    }

    private func field(row: Int, column: Int) -> UnsafeRawBufferPointer? {
        let (row, column) = (Int32(row), Int32(column))
        let length = PQgetlength(result, row, column)
        if length == 0, PQgetisnull(result, row, column) != 0 { return nil }
        return UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: Int(length))
    }

    private func days(_ field: UnsafeRawBufferPointer) -> Int64 {
        Int64(field.number(Int32.self)) + postgresEpoch / 86_400_000_000
    }

    /// Microseconds since 1970; the infinities become the farthest times there are.
    private func microseconds(_ field: UnsafeRawBufferPointer) -> Int64 {
        let value = field.number(Int64.self)
        let (shifted, overflow) = value.addingReportingOverflow(postgresEpoch)
        return overflow || value == .min ? value : shifted
    }
}

extension UnsafeRawBufferPointer {
    /// The big-endian number at the start, zero when there are too few bytes.
    func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
        guard count >= MemoryLayout<Number>.size else { return 0 }
        return Number(bigEndian: loadUnaligned(as: Number.self))
    }
}
