import Base
import Storage

/// A statement between the task that waits for it and the connection that carries it.
///
/// SAFETY: made by the caller's task; once submitted, what is mutable is touched by the reactor's thread only.
final class PendingStatement: @unchecked Sendable, Equatable {
    typealias Outcome = Result<StatementResult, StorageError>

    /// By which connection it goes.
    enum Route {
        case read
        case write
        case lease(Lease)
    }

    let name: String
    let key: StatementKey
    let parameters: EncodedParameters
    let rowsMax: Int
    let scope: FlightScope
    /// Which writes of its name it follows.
    let stripe: Int
    let route: Route
    /// Whether it stays prepared under a name; statements that are made up for one use do not.
    let isKept: Bool
    /// Whether it is planned for each execution.
    let isReplanned: Bool
    /// Whether it ends its transaction.
    let isEnd: Bool

    var continuation: UnsafeContinuation<Outcome, Never>?
    var submittedAt = Duration.zero
    var sentAt = Duration.zero
    var cancelledAt = Duration.zero
    /// The connection that carries it and has not answered.
    weak var carrier: PostgresConnection?
    /// Whether the reactor has it: until then, its continuation is the caller's.
    var isTaken = false
    var isCancelled = false
    /// Whether it is to be sent by itself, after another statement's failure has had it skipped.
    var isAlone = false
    var retries = 0
    /// What the server said, while something else must happen before the caller may know.
    var heldOutcome: Outcome?

    init(
        name: String, key: StatementKey, parameters: EncodedParameters, rowsMax: Int, scope: FlightScope,
        stripe: Int = 0, route: Route, isKept: Bool = true, isReplanned: Bool = false, isEnd: Bool = false
    ) {
        self.name = name
        self.key = key
        self.parameters = parameters
        self.rowsMax = rowsMax
        self.scope = scope
        self.stripe = stripe
        self.route = route
        self.isKept = isKept
        self.isReplanned = isReplanned
        self.isEnd = isEnd
    }

    /// Encodes a request.
    convenience init(
        _ request: StatementRequest, scope: Scope, route: Route, isKept: Bool = true
    ) throws(StorageError) {
        let parameters = try EncodedParameters(request.sql)
        self.init(
            name: request.name, key: StatementKey(text: request.sql.text, types: parameters.types),
            parameters: parameters, rowsMax: request.rowsMax, scope: FlightScope(scope), stripe: request.stripe,
            route: route, isKept: isKept, isReplanned: request.sql.isReplanned)
    }

    /// A statement of the driver's own, without values.
    convenience init(_ text: String, name: String, on lease: Lease, isEnd: Bool = false) {
        self.init(
            name: name, key: StatementKey(text: text, types: []), parameters: EncodedParameters(), rowsMax: .max,
            scope: lease.scope, route: .lease(lease), isKept: false, isEnd: isEnd)
    }

    var isFinished: Bool { continuation == nil }

    /// Resumes the caller, once.
    func finish(_ outcome: Outcome) {
        guard let continuation else { return }
        self.continuation = nil
        continuation.resume(returning: outcome)
    }

    static func == (left: PendingStatement, right: PendingStatement) -> Bool { left === right }
}

/// On whose behalf a run of statements is sent, as row-level security sees it.
enum FlightScope: Sendable, Hashable {
    case tenant(Tenant)
    case system

    init(_ scope: Scope) {
        switch scope {
        case .tenant(let tenant): self = .tenant(tenant)
        case .system: self = .system
        }
    }

    /// The values of `capstan.tenant` and `capstan.system`.
    var parameters: EncodedParameters {
        var parameters = EncodedParameters()
        switch self {
        case .tenant(let tenant):
            parameters.appendText(tenant.id.description)
            parameters.appendText("")
        case .system:
            parameters.appendText("")
            parameters.appendText("on")
        }
        return parameters
    }
}

/// A transaction's hold on a connection.
///
/// SAFETY: what is mutable is touched by the reactor's thread only, once the lease has been asked for.
final class Lease: @unchecked Sendable {
    let caller: Int
    let scope: FlightScope
    let isReadOnly: Bool
    let urgency: Urgency
    var continuation: UnsafeContinuation<Result<Void, StorageError>, Never>?
    var connection: PostgresConnection?
    var isCancelled = false
    var hasBegun = false
    var hasEnded = false
    /// The name of the statement whose failure has made the transaction void.
    var failure: String?

    init(caller: Int, scope: FlightScope, isReadOnly: Bool, urgency: Urgency) {
        self.caller = caller
        self.scope = scope
        self.isReadOnly = isReadOnly
        self.urgency = urgency
    }

    func finish(_ outcome: Result<Void, StorageError>) {
        guard let continuation else { return }
        self.continuation = nil
        continuation.resume(returning: outcome)
    }
}
