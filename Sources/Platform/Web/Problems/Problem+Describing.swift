import Base
public import Limits
import NIOCore
import Telemetry

extension Problem {
    /// The problem and status of any error: declared by the route, known to the platform, or a mistake of ours.
    static func describe(_ error: any Error, declared: [String: Int]) -> (problem: Problem, status: Int) {
        if let problem = error as? Problem { return known(problem, declared) }
        if let error = error as? LimitsError { return known(Problem(error.refusal), declared) }
        if let error = error as? any CodedError { return known(Problem(coded: error), declared) }
        if error is CancellationError {
            return known(Problem(.deadlineExceeded, "The answer took too long; try again."), declared)
        }
        return known(mistake, declared)
    }

    private static let mistake = Problem(
        .internal, "Something went wrong on our side. Try again; if it happens again, report the trace id.")

    private static func known(_ problem: Problem, _ declared: [String: Int]) -> (problem: Problem, status: Int) {
        if let status = declared[problem.code] { return (problem, status) }
        guard let entry = StatusTable.entries[problem.code], entry.status != 500 else { return (mistake, 500) }
        var problem = problem
        problem.retryAfter = problem.retryAfter ?? entry.retryAfter
        return (problem, entry.status)
    }

    /// What a log may say of an error: a code and sentence, or no more than its type.
    static func safeDescription(of error: any Error) -> String {
        (error as? any CodedError)?.description ?? "\(type(of: error))"
    }

    /// A limit's refusal with what its headers say.
    public init(_ refusal: Refusal) {
        let wait =
            refusal.retryAfter.map { "Try again in \(Self.seconds($0)) seconds." } ?? "Waiting alone does not help."
        self.init(
            refusal.reason.rawValue, "The limit \(refusal.rule) of \(refusal.limit) is used up. \(wait)",
            retryAfter: refusal.retryAfter,
            members: [.init("limit", .text(refusal.rule)), .init("left", .integer(Int64(refusal.remaining)))])
        headers = Admission.refused(refusal).headers.filter { $0.name != "Retry-After" }
    }

    private init(coded error: some CodedError) { self.init(error.code.rawValue, error.message) }

    /// Whole seconds, rounded up, at least one: what `Retry-After` can say.
    static func seconds(_ duration: Duration) -> Int {
        let (seconds, rest) = duration.components
        return max(1, Int(seconds) + (rest > 0 ? 1 : 0))
    }

    /// The body of RFC 9457.
    func body(status: Int, trace: TraceContext?) -> ByteBuffer {
        var object: [JSONValue.Member] = [
            .init("type", .text("/problems#\(code)")), .init("title", .text(StatusTable.title(of: status))),
            .init("status", .integer(Int64(status))), .init("detail", .text(detail)), .init("code", .text(code)),
        ]
        if let retryAfter { object.append(.init("retryAfter", .integer(Int64(Self.seconds(retryAfter))))) }
        if let trace { object.append(.init("trace", .text(trace.traceID.description))) }
        object += members
        if !errors.isEmpty {
            object.append(
                .init(
                    "errors",
                    .list(
                        errors.map {
                            ["field": .text($0.field), "code": .text($0.code), "detail": .text($0.detail)]
                        })))
        }
        return ByteBuffer(string: JSONValue.object(object).json)
    }
}
