import Base
import GRDBSQLite
import Storage

/// A prepared statement with what is known of its columns; used on its connection's queue only.
final class SQLiteStatement {
    let text: String
    let pointer: OpaquePointer
    let isReadOnly: Bool
    private let handle: OpaquePointer
    private var columns: SQLiteColumns
    private var preparations: CInt

    /// Prepares a statement from outside, which may neither open or end transactions nor change settings.
    convenience init(_ text: String, name: String, handle: OpaquePointer) throws(StorageError) {
        let word = text.drop { $0.isWhitespace }.prefix { $0.isLetter }.uppercased()
        if Self.reserved.contains(word) {
            throw StorageError(.invalidStatement, "\(name) begins with \(word), which is the driver's affair")
        }
        try self.init(text: text, name: name, handle: handle)
    }

    /// Prepares a statement of the driver or of a migration.
    convenience init(control text: String, handle: OpaquePointer) throws(StorageError) {
        try self.init(text: text, name: String(text.prefix(80)), handle: handle)
    }

    private init(text: String, name: String, handle: OpaquePointer) throws(StorageError) {
        var pointer: OpaquePointer?
        var copy = text
        let (code, isWhole) = copy.withUTF8 { bytes in
            guard let start = bytes.baseAddress else { return (SQLITE_OK, true) }
            return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) { start in
                var tail: UnsafePointer<CChar>?
                let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
                let code = sqlite3_prepare_v3(handle, start, CInt(bytes.count), flags, &pointer, &tail)
                let end = tail.map { $0 - start } ?? bytes.count
                // A semicolon and space may follow, another statement may not.
                return (code, bytes.dropFirst(end).allSatisfy { $0 <= 32 || $0 == UInt8(ascii: ";") })
            }
        }
        guard code == SQLITE_OK else { throw SQLiteErrors.last(of: handle, doing: name) }
        guard let pointer else { throw StorageError(.invalidStatement, "\(name) is empty") }
        self.text = text
        self.pointer = pointer
        self.handle = handle
        isReadOnly = sqlite3_stmt_readonly(pointer) != 0
        columns = SQLiteColumns(of: pointer)
        preparations = sqlite3_stmt_status(pointer, SQLITE_STMTSTATUS_REPREPARE, 0)
        guard isWhole else { throw StorageError(.invalidStatement, "\(name) holds more than one statement") }
    }

    deinit { sqlite3_finalize(pointer) }

    private static let reserved: Set<String> = [
        "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "ATTACH", "DETACH", "PRAGMA", "VACUUM",
    ]

    var columnCount: Int { Int(sqlite3_column_count(pointer)) }

    /// The columns, read again when a change of the schema had SQLite prepare the statement again.
    func currentColumns() -> SQLiteColumns {
        let now = sqlite3_stmt_status(pointer, SQLITE_STMTSTATUS_REPREPARE, 0)
        if now != preparations {
            preparations = now
            columns = SQLiteColumns(of: pointer)
        }
        return columns
    }

    /// Ends a run and forgets its values.
    func reset() {
        // Its code repeats the error of the last step, which was thrown there.
        _ = sqlite3_reset(pointer)
        sqlite3_clear_bindings(pointer)
    }

    /// Binds values to the parameters, in order.
    func bind(_ parameters: [RenderedSQL.Parameter], name: String) throws(StorageError) {
        guard sqlite3_bind_parameter_count(pointer) == parameters.count else {
            throw StorageError(
                .invalidStatement,
                "\(name) has \(sqlite3_bind_parameter_count(pointer)) parameters and \(parameters.count) values")
        }
        for (index, parameter) in parameters.enumerated() {
            guard case .value(let value) = parameter else {
                throw StorageError(.invalidStatement, "\(name) binds an array, which SQLite does not know")
            }
            let code = try bind(value, at: CInt(index + 1), name: name)
            guard code == SQLITE_OK else { throw SQLiteErrors.last(of: handle, doing: name) }
        }
    }

    private func bind(_ value: SQLValue, at place: CInt, name: String) throws(StorageError) -> CInt {
        switch value {
        case .null: return sqlite3_bind_null(pointer, place)
        case .bool(let value): return sqlite3_bind_int64(pointer, place, value ? 1 : 0)
        case .integer(let value): return sqlite3_bind_int64(pointer, place, value)
        case .timestamp(let value): return sqlite3_bind_int64(pointer, place, value.microseconds)
        case .double(let value):
            // SQLite would store null instead.
            if value.isNaN { throw StorageError(.invalidValue, "\(name) binds a number that is none (NaN)") }
            return sqlite3_bind_double(pointer, place, value)
        case .text(var value), .json(var value): return try bind(&value, at: place, name: name)
        case .bytes(let value): return value.withUnsafeBytes { bind($0, at: place) }
        case .uuid(let high, let low):
            return withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { bind($0, at: place) }
        }
    }

    private func bind(_ text: inout String, at place: CInt, name: String) throws(StorageError) -> CInt {
        let code = text.withUTF8 { bytes -> CInt? in
            if bytes.contains(0) { return nil }
            guard let start = bytes.baseAddress else { return sqlite3_bind_text(pointer, place, "", 0, Self.copied) }
            return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                sqlite3_bind_text64(pointer, place, $0, UInt64(bytes.count), Self.copied, UInt8(SQLITE_UTF8))
            }
        }
        guard let code else {
            throw StorageError(.invalidValue, "\(name) binds text with the character U+0000, which cannot be stored")
        }
        return code
    }

    private func bind(_ bytes: UnsafeRawBufferPointer, at place: CInt) -> CInt {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return sqlite3_bind_zeroblob(pointer, place, 0) }
        return sqlite3_bind_blob64(pointer, place, start, UInt64(bytes.count), Self.copied)
    }

    /// Tells SQLite to take a copy before the call returns.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}
