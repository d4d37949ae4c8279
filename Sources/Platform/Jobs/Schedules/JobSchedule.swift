import Base
import Storage

/// Work that is enqueued by the clock: part of a product's manifest.
///
/// Of all nodes one fires each tick: the tick is recorded in the transaction that enqueues.
public struct JobSchedule: Sendable {
    /// What happens with ticks that passed while nobody ran.
    public enum MissedTicks: Sendable, Hashable {
        /// They are left out; the next tick is the next one to come.
        case skip
        /// One job stands for all of them, at once.
        case once
        /// Each has its job, at most so many, the oldest left out (1 to 1,000).
        case each(max: Int)
    }

    /// Whose jobs are enqueued.
    public enum Audience: Sendable, Hashable {
        /// One job, of the installation's home tenant.
        case installation
        /// A job of each tenant.
        case eachTenant
    }

    enum Timing: Sendable, Hashable {
        case interval(Duration)
        case cron(CronExpression)
    }

    /// The name, unique among all; begins with the product's, as in `tournament.sweep`.
    public let name: String
    /// The kind that is enqueued.
    public let rule: JobRule
    /// What happens with missed ticks.
    public let missed: MissedTicks
    /// Whose jobs are enqueued.
    public let audience: Audience
    /// Asked before a tick is fired: whether there is anything to do.
    let isWanted: (@Sendable () async throws -> Bool)?
    let timing: Timing
    let input: String

    /// Enqueues every `interval`, counted from 1970 on, so that all nodes agree.
    ///
    /// - Parameters:
    ///   - name: Unique among all.
    ///   - interval: 1 second to 366 days.
    ///   - kind: What is enqueued.
    ///   - input: With what.
    ///   - missed: What happens with ticks that passed while nobody ran. Defaults to ``MissedTicks/once``.
    ///   - audience: Whose jobs. Defaults to ``Audience/installation``.
    ///   - isWanted: Asked by each node before a tick is fired; a tick of which it says `false` is left out without a
    ///     trace. A question of one statement here makes a look that mostly finds nothing cost one statement instead of
    ///     a job. One that fails does not hold the tick back. Defaults to every tick being fired.
    public init<Input>(
        _ name: String, every interval: Duration, _ kind: JobKind<Input>, _ input: Input,
        missed: MissedTicks = .once, audience: Audience = .installation,
        onlyIf isWanted: (@Sendable () async throws -> Bool)? = nil
    ) {
        precondition(
            (.seconds(1) ... .seconds(366 * 86_400)).contains(interval),
            "\(name) fires every \(interval): 1 second to 366 days are possible")
        self.init(name, .interval(interval), kind, input, missed, audience, isWanted)
    }

    /// Enqueues by a time table of five fields: minute, hour, day of the month, month, day of the week.
    ///
    /// - Parameters:
    ///   - name: Unique among all.
    ///   - cron: As in `0 3 * * *`; see ``CronExpression``. One that cannot be read stops the program.
    ///   - zone: The name of a time zone, as in `Europe/Berlin`. Defaults to `UTC`.
    ///   - kind: What is enqueued.
    ///   - input: With what.
    ///   - missed: What happens with ticks that passed while nobody ran. Defaults to ``MissedTicks/once``.
    ///   - audience: Whose jobs. Defaults to ``Audience/installation``.
    ///   - isWanted: Asked by each node before a tick is fired; a tick of which it says `false` is left out without a
    ///     trace. A question of one statement here makes a look that mostly finds nothing cost one statement instead of
    ///     a job. One that fails does not hold the tick back. Defaults to every tick being fired.
    public init<Input>(
        _ name: String, cron: String, zone: String = "UTC", _ kind: JobKind<Input>, _ input: Input,
        missed: MissedTicks = .once, audience: Audience = .installation,
        onlyIf isWanted: (@Sendable () async throws -> Bool)? = nil
    ) {
        do {
            self.init(name, .cron(try CronExpression(cron, zone: zone)), kind, input, missed, audience, isWanted)
        } catch {
            preconditionFailure("the schedule \(name) cannot be used: \(error.description)")
        }
    }

    private init<Input>(
        _ name: String, _ timing: Timing, _ kind: JobKind<Input>, _ input: Input, _ missed: MissedTicks,
        _ audience: Audience, _ isWanted: (@Sendable () async throws -> Bool)?
    ) {
        precondition(
            (1...80).contains(name.utf8.count) && name.utf8.allSatisfy(isNameByte),
            "a schedule cannot be named \(name): use 1 to 80 letters, digits, dots and hyphens")
        if case .each(let max) = missed { precondition((1...1_000).contains(max), "\(name) makes up for \(max) ticks") }
        self.name = name
        rule = kind.rule
        self.missed = missed
        self.audience = audience
        self.isWanted = isWanted
        self.timing = timing
        do {
            self.input = try JobCoding.encode(input, of: kind.name)
        } catch {
            preconditionFailure("the schedule \(name) cannot be used: \(error.description)")
        }
    }

    /// How it fires, for people: `every 10 s` or the time table.
    public var timetable: String {
        switch timing {
        case .interval(let interval): "every \(interval.inSeconds.formatted) s"
        case .cron(let cron): cron.description
        }
    }

    /// The first tick after a time; `nil` for a time table without one.
    func tick(after time: Timestamp) -> Timestamp? {
        switch timing {
        case .interval(let interval):
            let length = interval.microseconds
            let passed = time.microseconds / length - (time.microseconds % length < 0 ? 1 : 0)
            return Timestamp(microseconds: (passed + 1) * length)
        case .cron(let cron): return cron.next(after: time)
        }
    }
}

extension Double {
    /// Without a fraction where there is none.
    fileprivate var formatted: String { self == rounded() ? String(Int64(self)) : String(self) }
}
