import CLibPQ
import Storage

/// What PostgreSQL said, in full: for a developer's eyes, as it may quote users' values.
public struct PostgresServerError: Error, Sendable, CustomStringConvertible {
    /// The five characters of the error's class and kind.
    public let state: String
    /// The primary message.
    public let message: String
    /// Detail and hint, where the server gave them.
    public let detail: String
    /// The constraint that refused, where there is one.
    public let constraint: String
    /// The table it belongs to.
    public let table: String
    /// The server's function that raised the error.
    let function: String

    init(_ result: OpaquePointer) {
        func field(_ character: Character) -> String {
            guard let code = character.asciiValue, let text = PQresultErrorField(result, Int32(code)) else { return "" }
            return String(cString: text)
        }
        // The codes of PG_DIAG_…, which Swift does not import: single characters of the protocol.
        state = field("C")
        let primary = field("M")
        message = primary.isEmpty ? String(cString: PQresultErrorMessage(result)) : primary
        detail = [field("D"), field("H")].filter { !$0.isEmpty }.joined(separator: " ")
        constraint = field("n")
        table = field("t")
        function = field("R")
    }

    /// State, message and detail.
    public var description: String { "\(state) \(message) \(detail)" }

    /// Whether the server ends the connection with this error.
    var endsConnection: Bool {
        ["57P01", "57P02", "57P03", "57P05", "25P03", "25P04"].contains(state) || state.hasPrefix("08")
    }

    /// Whether the prepared statement has become useless while the statement itself may be fine: the columns changed
    /// under it, or a pooler gave us another server connection.
    var asksForNewPreparation: Bool {
        (state == "0A000" && function == "RevalidateCachedQuery") || state == "26000"
    }

    /// The same as the platform's error.
    ///
    /// Messages of classes that quote values are replaced.
    var storageError: StorageError {
        let code = code
        var context = ["sqlstate": state]
        if !constraint.isEmpty { context["constraint"] = constraint }
        if !table.isEmpty { context["table"] = table }
        let text =
            switch code {
            case .invalidValue: "a value does not fit its column or conversion"
            case .uniqueViolation: "the constraint \(constraint) refused a second row with the same key"
            case .foreignKeyViolation: "the foreign key \(constraint) refused the row"
            case .checkViolation where !constraint.isEmpty: "the constraint \(constraint) refused the row"
            case .tenantMissing: "row-level security refused a row of another tenant"
            case .invalidStatement where state.hasPrefix("P0"): "a function of the database raised an error"
            default: message
            }
        return StorageError(code, text, context: context, underlying: self)
    }

    private var code: StorageError.Code {
        switch state {
        case "23505", "23P01": .uniqueViolation
        case "23503", "23001": .foreignKeyViolation
        case "23514", "23502", "23000", "44000": .checkViolation
        case "40001": .serializationFailure
        case "40P01": .deadlock
        case "40003": .outcomeUnknown
        case "57014": .statementTimeout
        case "55P03": .lockTimeout
        case "53100": .diskFull
        case "25006": .readOnly
        case "25P02", "25P01": .transactionEnded
        case "25P03", "25P04": .unavailable
        case "42501" where function == "ExecWithCheckOptions": .tenantMissing
        default: codeOfClass
        }
    }

    private var codeOfClass: StorageError.Code {
        switch state.prefix(2) {
        case "08", "53", "57", "58", "F0", "XX", "28", "3D": .unavailable
        case "22": .invalidValue
        case "40": .serializationFailure
        case "54": .tooLarge
        default: .invalidStatement
        }
    }
}
