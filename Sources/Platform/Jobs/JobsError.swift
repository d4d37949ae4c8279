public import Base

/// Why something about jobs did not happen.
public struct JobsError: CodedError {
    /// The closed set of reasons.
    public enum Code: String, CaseIterable, Sendable {
        /// Two kinds or schedules contradict each other, or one is declared in an impossible way.
        case invalidDeclaration = "jobs.invalidDeclaration"
        /// A time table cannot be read.
        case invalidSchedule = "jobs.invalidSchedule"
        /// No such job, or not in a state in which this can be done to it.
        case notFound = "jobs.notFound"
        /// The worker lost the job: it was taken to be dead, and another worker has the job or has ended it.
        case leaseLost = "jobs.leaseLost"
        /// A handler ran longer than its kind allows.
        case timedOut = "jobs.timedOut"
        /// The input of a stored job cannot be read as what its kind takes.
        case inputMismatch = "jobs.inputMismatch"
        /// The worker was stopped before the handler had finished; the job goes on elsewhere.
        case interrupted = "jobs.interrupted"
    }

    /// What went wrong.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// Names and values that help to find the cause.
    public let context: [String: String]
    /// The error that caused this one.
    public let underlying: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, context: [String: String] = [:], underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.context = context
        self.underlying = underlying
    }
}

/// How a handler says what becomes of its job where "try again later" is not the answer.
public struct JobFailure: Error, Sendable, CustomStringConvertible {
    enum Verdict: Sendable, Hashable {
        case permanent
        case retry(after: Duration)
        case throttled(after: Duration?)
    }

    let verdict: Verdict
    /// What went wrong: shown to operators, kept with the job.
    ///
    /// At most 1,000 characters are kept. No users' values.
    public let reason: String

    /// Trying again would not help: the job becomes a dead letter now.
    public static func permanent(_ reason: String) -> JobFailure { JobFailure(verdict: .permanent, reason: reason) }

    /// Try again at the earliest after `delay`; counts as an attempt.
    public static func retry(after delay: Duration, _ reason: String = "asked to be tried again") -> JobFailure {
        JobFailure(verdict: .retry(after: delay), reason: reason)
    }

    /// The other side asks for less (429, 503): the kind's concurrency shrinks, and the job is tried again after what the
    /// other side asked for, else after the kind's back-off; does not count as an attempt.
    public static func throttled(after delay: Duration? = nil, _ reason: String = "throttled") -> JobFailure {
        JobFailure(verdict: .throttled(after: delay), reason: reason)
    }

    /// The reason.
    public var description: String { reason }
}
