import Foundation
import GRDB
import GRDBSQLite
import Storage

/// Maps SQLite's result codes to the reasons that both engines share.
enum SQLiteErrors {
    /// The error of a call that has just failed on `handle`.
    static func last(of handle: OpaquePointer, doing what: String) -> StorageError {
        let code = sqlite3_extended_errcode(handle)
        let message = String(cString: sqlite3_errmsg(handle))
        return error(code: code, message: message, systemError: sqlite3_system_errno(handle), doing: what)
    }

    /// The storage error for what GRDB throws when it opens, closes or copies.
    static func error(_ error: any Error, doing what: String) -> StorageError {
        if let error = error as? StorageError { return error }
        guard let error = error as? DatabaseError else {
            return StorageError(.unavailable, "\(what) failed", underlying: error)
        }
        return self.error(
            code: error.extendedResultCode.rawValue, message: error.message ?? "", systemError: 0, doing: what,
            underlying: error)
    }

    static func error(
        code: CInt, message: String, systemError: CInt, doing what: String, underlying: (any Error)? = nil
    ) -> StorageError {
        var context = ["sqlite": String(code)]
        if let separator = message.range(of: "constraint failed: ") {
            context["constraint"] = String(message[separator.upperBound...])
        }
        let reason = reason(code: code, systemError: systemError)
        return StorageError(
            reason.code, "\(what): \(reason.explanation)\(message.isEmpty ? "" : " (\(message))")", context: context,
            underlying: underlying)
    }

    private static func reason(code: CInt, systemError: CInt) -> (code: StorageError.Code, explanation: String) {
        switch code {
        case 1_555, 2_067, 2_579: return (.uniqueViolation, "a row with the same key exists")
        case 787: return (.foreignKeyViolation, "a row that it refers to or that refers to it stands against it")
        case 275, 1_299, 1_811, 3_091: return (.checkViolation, "a constraint refuses the values")
        default: break
        }
        switch code & 0xFF {
        case SQLITE_FULL: return (.diskFull, "the disk is full: make room, then try again")
        case SQLITE_IOERR where systemError == ENOSPC || systemError == EDQUOT:
            return (.diskFull, "the disk is full: make room, then try again")
        case SQLITE_IOERR: return (.unavailable, "the disk failed")
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            return (.unavailable, "the file is damaged: restore a backup")
        case SQLITE_CANTOPEN: return (.unavailable, "the file cannot be opened")
        case SQLITE_NOMEM: return (.unavailable, "there is no memory left")
        case SQLITE_BUSY, SQLITE_LOCKED: return (.lockTimeout, "another process kept the file locked for too long")
        case SQLITE_READONLY, SQLITE_AUTH: return (.readOnly, "a write was tried where only reads are allowed")
        case SQLITE_TOOBIG: return (.tooLarge, "a value is larger than SQLite can hold")
        case SQLITE_CONSTRAINT: return (.checkViolation, "a constraint refuses the values")
        case SQLITE_MISMATCH: return (.invalidValue, "a value has the wrong type")
        default: return (.invalidStatement, "SQLite refuses the statement")
        }
    }

    static let closed = StorageError(.closed, "storage has been shut down")
    static let cancelled = StorageError(.cancelled, "the task was cancelled")
}
