public import Base

/// Why a read or write did not happen.
///
/// Nothing of a failed transaction remains.
public struct StorageError: CodedError {
    /// The closed set of reasons, the same on both engines.
    public enum Code: String, CaseIterable, Sendable {
        /// A unique constraint refused the write; `context["constraint"]` names it where the engine tells.
        case uniqueViolation = "storage.uniqueViolation"
        /// A foreign key refused the write.
        case foreignKeyViolation = "storage.foreignKeyViolation"
        /// A check or not-null constraint refused the write.
        case checkViolation = "storage.checkViolation"
        /// Two transactions could not be ordered; trying again may succeed.
        case serializationFailure = "storage.serializationFailure"
        /// Two transactions waited for each other; trying again may succeed.
        case deadlock = "storage.deadlock"
        /// The statement ran longer than its time-out and was cancelled on the server.
        case statementTimeout = "storage.statementTimeout"
        /// A lock was not granted within the lock time-out.
        case lockTimeout = "storage.lockTimeout"
        /// The calling task was cancelled; the statement was cancelled too.
        case cancelled = "storage.cancelled"
        /// The database cannot be reached, or the connection broke before an answer came.
        case unavailable = "storage.unavailable"
        /// The connection broke after a commit was sent: it may or may not have happened.
        case outcomeUnknown = "storage.outcomeUnknown"
        /// No connection became free in time, or too many callers wait already.
        case exhausted = "storage.exhausted"
        /// The disk is full.
        case diskFull = "storage.diskFull"
        /// The row size, result size or number of rows is beyond its bound.
        case tooLarge = "storage.tooLarge"
        /// Exactly one row was expected.
        case notOne = "storage.notOne"
        /// A value cannot be stored: text with U+0000, a number out of range.
        case invalidValue = "storage.invalidValue"
        /// A row does not have the columns or types that the code reads.
        case rowMismatch = "storage.rowMismatch"
        /// A cursor is damaged, forged, or of another tenant, list or order.
        case invalidCursor = "storage.invalidCursor"
        /// A statement on a tenant table does not bind the tenant, or binds another one.
        case tenantMissing = "storage.tenantMissing"
        /// A write in a read transaction.
        case readOnly = "storage.readOnly"
        /// The transaction has ended already.
        case transactionEnded = "storage.transactionEnded"
        /// The statement is wrong: syntax, unknown table or column, wrong types.
        case invalidStatement = "storage.invalidStatement"
        /// The history of migrations differs from the code's, or one failed.
        case migration = "storage.migration"
        /// The settings contradict each other or the server.
        case setup = "storage.setup"
        /// Storage has been shut down.
        case closed = "storage.closed"
    }

    /// What went wrong.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// Names: statement, constraint, table, SQLSTATE.
    ///
    /// Values of users never.
    public var context: [String: String]
    /// The engine's error.
    public let underlying: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, context: [String: String] = [:], underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.context = context
        self.underlying = underlying
    }

    /// Whether the same work may succeed when it is run again at once.
    public var isRetryable: Bool { code == .serializationFailure || code == .deadlock }

    static func rowMismatch(_ message: String) -> StorageError { StorageError(.rowMismatch, message) }
}
