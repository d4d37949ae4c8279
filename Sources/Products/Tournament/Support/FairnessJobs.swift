import Base
import Jobs

/// The standing checks that are enqueued by the clock.
struct FairnessJobs: Sendable {
    let fairness: Fairness

    /// Recounts a sample of the clips of all open slots.
    static let tallies = JobKind<NoJobInput>(
        "tournament.tallies", lane: .bulk, timeout: .seconds(1_800), unique: .whilePendingOrRunning)
    /// Replaces the voters of seasons that ended long ago.
    static let pseudonyms = JobKind<NoJobInput>(
        "tournament.pseudonyms", lane: .bulk, timeout: .seconds(6 * 3_600), unique: .whilePendingOrRunning)

    var schedules: [JobSchedule] {
        [
            JobSchedule("tournament.tallies", every: .seconds(3_600), Self.tallies, NoJobInput()),
            JobSchedule("tournament.pseudonyms", every: .seconds(86_400), Self.pseudonyms, NoJobInput()),
        ] + fairness.grouping.schedules
    }

    var handlers: [JobHandler] {
        [
            Self.tallies.handler { [checks = fairness.checks] _, _ in try await checks.look() },
            Self.pseudonyms.handler { [pseudonyms = fairness.pseudonyms] _, _ in try await pseudonyms.look() },
        ] + fairness.grouping.handlers
    }
}
