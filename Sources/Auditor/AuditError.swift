public import Base
import Foundation

/// Why an audit could not be made.
public struct AuditError: CodedError {
    /// The closed set of reasons.
    public enum Code: String, CaseIterable, Sendable {
        /// The target is neither a folder nor an address of PostgreSQL.
        case target = "auditor.target"
        /// A program that the audit needs is not there.
        case missingProgram = "auditor.missingProgram"
        /// A program that the audit needs failed.
        case program = "auditor.program"
        /// A rule of our own cannot be read.
        case rules = "auditor.rules"
        /// The table of prices cannot be read.
        case prices = "auditor.prices"
        /// The baseline cannot be read.
        case baseline = "auditor.baseline"
        /// The file of suppressions cannot be read.
        case suppressions = "auditor.suppressions"
        /// The report contradicts itself; it is not given out.
        case contradiction = "auditor.contradiction"
        /// The database refused or was away.
        case database = "auditor.database"
        /// The running server did not answer as a Capstan does.
        case running = "auditor.running"
    }

    /// Which.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// More for the developer's eyes.
    public var context: [String: String] = [:]
    /// What caused it.
    public var underlying: (any Error)?

    /// Makes one.
    public init(_ code: Code, _ message: String, context: [String: String] = [:], underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.context = context
        self.underlying = underlying
    }
}

/// Small files that an audit is told with.
enum AuditFile {
    static func decode<Value: Decodable>(
        _ file: URL, of kind: String, bytesMax: Int, code: AuditError.Code
    ) throws(AuditError) -> Value {
        do {
            let data = try Data(contentsOf: file)
            guard data.count <= bytesMax else {
                throw AuditError(code, "the file of \(kind) has \(data.count) bytes: \(bytesMax) are read")
            }
            return try JSONDecoder().decode(Value.self, from: data)
        } catch let error as AuditError {
            throw error
        } catch let error as DecodingError {
            throw AuditError(
                code,
                "the file of \(kind), \(file.lastPathComponent), is not as its reference page says: \(error.place)",
                underlying: error)
        } catch {
            throw AuditError(
                code, "the file of \(kind), \(file.lastPathComponent), cannot be read", underlying: error)
        }
    }
}

extension DecodingError {
    /// Where in a document it went wrong.
    var place: String {
        let context =
            switch self {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default: Context(codingPath: [], debugDescription: "")
            }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        if case .keyNotFound(let key, _) = self {
            return "`\(path.isEmpty ? "" : path + ".")\(key.stringValue)` is missing"
        }
        return path.isEmpty ? context.debugDescription : "`\(path)`: \(context.debugDescription)"
    }
}
