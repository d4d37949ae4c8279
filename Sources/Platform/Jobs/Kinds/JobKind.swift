/// A kind of work: what it is called and how it is treated.
///
/// Static data, one constant per kind.
///
/// ```swift
/// static let fetch = JobKind<FetchInput>(
///     "visibility.keyword.fetch", limits: [.concurrency("serp", max: 50)])
/// ```
public struct JobKind<Input: Codable & Sendable>: Sendable {
    /// The name and treatment.
    public let rule: JobRule

    /// Declares a kind.
    ///
    /// - Parameters:
    ///   - name: Unique among all; begins with the product's name, as in `visibility.keyword.fetch`. 1 to 80 letters,
    ///     digits, dots and hyphens. Stored with jobs: never renamed while some wait.
    ///   - lane: What it shares workers with. Defaults to ``JobLane/default``.
    ///   - attemptsMax: Attempts until it becomes a dead letter. Defaults to 5; 1 to 1,000.
    ///   - backoff: Pauses between attempts. Defaults to 1 second to 10 minutes.
    ///   - timeout: The longest run of one attempt, after which its task is cancelled. Defaults to 60 seconds; 10
    ///     milliseconds to 1 day.
    ///   - unique: When a second job of the same key is not wanted. Defaults to ``UniqueJobs/none``.
    ///   - limits: How much may run in the cluster. Defaults to none; at most 4.
    ///   - concurrency: How many one process runs at once. Defaults to ``JobConcurrency/lane``.
    ///   - waitsForChildren: Whether it is handled only when all jobs enqueued with it as `parent` have ended.
    ///   - isKept: Whether a job that was done or cancelled is remembered for the time of retention. Defaults to `true`;
    ///     `false` saves a third of the writes and is right for what is done by the thousand per second. Dead letters
    ///     are always kept.
    public init(
        _ name: String, lane: JobLane = .default, attemptsMax: Int = 5,
        backoff: Backoff = .exponential(from: .seconds(1), to: .seconds(600)), timeout: Duration = .seconds(60),
        unique: UniqueJobs = .none, limits: [JobLimit] = [], concurrency: JobConcurrency = .lane,
        waitsForChildren: Bool = false, isKept: Bool = true
    ) {
        rule = JobRule(
            name: name, lane: lane, attemptsMax: attemptsMax, backoff: backoff, timeout: timeout, unique: unique,
            limits: limits, concurrency: concurrency, waitsForChildren: waitsForChildren, isKept: isKept)
    }

    /// The name.
    public var name: String { rule.name }
}

/// What a kind is called and how it is treated, whatever its input.
public struct JobRule: Sendable, Hashable {
    /// The kind's name.
    public let name: String
    /// What it shares workers with.
    public let lane: JobLane
    /// Attempts until it becomes a dead letter.
    public let attemptsMax: Int
    /// Pauses between attempts.
    public let backoff: Backoff
    /// The longest run of one attempt.
    public let timeout: Duration
    /// When a second one is not wanted.
    public let unique: UniqueJobs
    /// How much may run in the cluster.
    public let limits: [JobLimit]
    /// How many one process runs at once.
    public let concurrency: JobConcurrency
    /// Whether it is handled only when its children have ended.
    public let waitsForChildren: Bool
    /// Whether it is remembered when it was done.
    public let isKept: Bool

    init(
        name: String, lane: JobLane, attemptsMax: Int, backoff: Backoff, timeout: Duration, unique: UniqueJobs,
        limits: [JobLimit], concurrency: JobConcurrency, waitsForChildren: Bool, isKept: Bool
    ) {
        precondition(
            (1...80).contains(name.utf8.count) && name.utf8.allSatisfy(isNameByte),
            "a kind of job cannot be named \(name): use 1 to 80 letters, digits, dots and hyphens")
        precondition((1...1_000).contains(attemptsMax), "\(name) has \(attemptsMax) attempts: 1 to 1,000 are possible")
        precondition(
            (.milliseconds(10) ... .seconds(86_400)).contains(timeout),
            "\(name) runs for \(timeout): 10 ms to 1 day are possible")
        precondition(limits.count <= 4, "\(name) has \(limits.count) limits: 4 are possible")
        switch concurrency {
        case .lane: break
        case .fixed(let count): precondition((1...10_000).contains(count), "\(name) runs \(count) at once")
        case .adaptive(let range):
            precondition(
                range.lowerBound >= 1 && range.upperBound <= 10_000, "\(name) runs \(range) at once: 1 to 10,000")
        }
        self.name = name
        self.lane = lane
        self.attemptsMax = attemptsMax
        self.backoff = backoff
        self.timeout = timeout
        self.unique = unique
        self.limits = limits
        self.concurrency = concurrency
        self.waitsForChildren = waitsForChildren
        self.isKept = isKept
    }
}

/// The input of a kind that needs none.
public struct NoJobInput: Codable, Sendable, Hashable {
    /// Nothing.
    public init() {}
}
