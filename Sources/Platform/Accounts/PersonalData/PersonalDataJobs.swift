import Base
public import Jobs

/// Removes people who have left: by a job that is enqueued with the request, and once a minute for what waits, failed or
/// was left by a process that died.
///
/// Several may run at once: a lease keeps them from doing the same work, and where it ends early they may.
public struct PersonalDataJobs: Sendable {
    private enum Bounds {
        static let sweepEvery = Duration.seconds(60)
    }

    /// Takes up the erasures that are due.
    static let erase = JobKind<NoJobInput>(
        "accounts.person.erase", lane: .bulk, timeout: .seconds(6 * 3_600), isKept: false)

    private let desk: PersonalDataDesk

    /// Does what `desk` has taken in.
    public init(_ desk: PersonalDataDesk) { self.desk = desk }

    /// How it is done.
    public var handlers: [JobHandler] { [Self.erase.handler { [desk] _, _ in try await desk.look() }] }

    /// When it is done beside.
    public var schedules: [JobSchedule] {
        [
            JobSchedule(
                "accounts.person.erase", every: Bounds.sweepEvery, Self.erase, NoJobInput(),
                onlyIf: { [desk] in try await desk.isAnyDue() })
        ]
    }
}
