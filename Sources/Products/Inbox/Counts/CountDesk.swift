import Base
import Caching
import Foundation
import InboxVendors
import Storage

/// Counts what has happened, and shows what was counted.
final class CountDesk: Sendable {
    enum Bounds {
        /// Companies that one run counts for; the next run goes on.
        static let companies = 1_000
        /// Days of a range.
        static let days = 366
    }

    let store: CountStore
    private let storage: Storage
    private let channels: ChannelDesk
    private let rules: RuleDesk
    private let promises: SlaDesk
    private let assignments: AssignmentDesk
    private let outgoing: OutgoingDesk
    private let clock: any WallClock
    private let dashboards: Cache<Int, Dashboard>

    init(
        storage: Storage, caches: CacheRegistry, channels: ChannelDesk, rules: RuleDesk, promises: SlaDesk,
        assignments: AssignmentDesk, outgoing: OutgoingDesk, clock: any WallClock
    ) {
        self.storage = storage
        self.channels = channels
        self.rules = rules
        self.promises = promises
        self.assignments = assignments
        self.outgoing = outgoing
        self.clock = clock
        store = CountStore(storage: storage)
        dashboards = Cache(
            "inbox.dashboards", CacheOptions(ttl: .seconds(60), staleWindow: .seconds(300), capacity: 20_000),
            in: caches)
    }

    // MARK: Counting

    /// Counts what waits, of all companies.
    func fold() async throws {
        var last: Tenant?
        for _ in 0..<Bounds.companies {
            guard let tenant = try await store.tenant(after: last) else { return }
            while try await fold(tenant) == CountStore.Bounds.fold {}
            last = tenant
        }
    }

    /// Counts a part of what waits of a company: taken away and added in one transaction, so that each is counted once.
    @discardableResult
    func fold(_ tenant: Tenant) async throws -> Int {
        try await storage.write(for: tenant) { transaction in
            let tallies = try await store.take(limit: CountStore.Bounds.fold, through: transaction, in: tenant)
            try await store.addHours(
                CountKey.counts(of: tallies, in: tenant, seconds: CountStore.Bounds.hour), through: transaction,
                in: tenant)
            try await store.addDays(
                CountKey.counts(of: tallies, in: tenant, seconds: CountStore.Bounds.day), through: transaction,
                in: tenant)
            try await store.addTimes(
                TimeCount.counts(of: tallies, in: tenant, seconds: CountStore.Bounds.day), through: transaction,
                in: tenant)
            try await promises.note(tallies, in: transaction, of: tenant)
            try await assignments.note(tallies, in: transaction, of: tenant)
            // What was counted has happened: rules hear of it once, as it is taken away in the same transaction.
            try await rules.enqueue(tallies, in: transaction, of: tenant)
            try await outgoing.enqueue(tallies, in: transaction, of: tenant)
            return tallies.count
        }
    }

    // MARK: Looking

    /// The figures of the last days: from memory, else one statement.
    func dashboard(days: Int, in tenant: Tenant) async throws -> Dashboard {
        try await dashboards.value(for: days, in: tenant) { [self] in
            try await load(days: min(max(days, 1), Bounds.days), in: tenant)
        }
    }

    private func load(days: Int, in tenant: Tenant) async throws -> Dashboard {
        let today = CalendarDay(of: clock.now(), in: .gmt).daysSinceEpoch
        // The month and the week are shown whatever the range is, each beside the one before.
        let lines = try await store.lines(
            from: today - Int64(max(2 * days, 60)) + 1, range: today - Int64(max(days, 30)) + 1, in: tenant)
        var dashboard = Dashboard(days: days)
        let kinds = Dictionary(
            uniqueKeysWithValues: try await channels.channels(in: tenant).map {
                ($0.id.cast(to: ID<CountKey>.self), $0.kind)
            })
        for line in lines {
            switch line.part {
            case "all": dashboard.all = line.count
            case "channel":
                if let kind = kinds[line.id] { dashboard.providers[kind, default: 0] += line.count.messages }
            case "first": dashboard.firstReplies.add(line.count.opened, at: Int(line.day))
            case "resolution": dashboard.resolutions.add(line.count.opened, at: Int(line.day))
            default: dashboard.take(line.count, on: line.day, today: today)
            }
        }
        dashboard.series.sort { $0.day < $1.day }
        return dashboard
    }
}

/// A company's figures.
struct Dashboard: Sendable {
    let days: Int
    /// Of all time.
    var all = Count()
    /// Of the last thirty days.
    var month = Count()
    /// Of the last seven days.
    var week = Count()
    /// Of the days that were asked for.
    var range = Count()
    var series: [(day: Int64, count: Count)] = []
    /// Of as many days before.
    var formerMonth = Count()
    var formerWeek = Count()
    var formerRange = Count()
    /// Messages within the month or range, by kind of channel.
    var providers: [ChannelKind: Int64] = [:]
    /// How long first answers took within the month or range, and how long it took to close.
    var firstReplies = Durations()
    var resolutions = Durations()

    /// Conversations that are not closed.
    var active: Int64 { max(0, all.opened - all.closed) }

    /// Takes in a day of the company's.
    mutating func take(_ count: Count, on day: Int64, today: Int64) {
        let age = today - day
        if age < 30 { month.add(count) } else if age < 60 { formerMonth.add(count) }
        if age < 7 { week.add(count) } else if age < 14 { formerWeek.add(count) }
        if age < days {
            range.add(count)
            series.append((day, count))
        } else if age < 2 * days {
            formerRange.add(count)
        }
    }
}

extension Count {
    mutating func add(_ other: Count) {
        opened += other.opened
        closed += other.closed
        inbound += other.inbound
        botReplies += other.botReplies
        agentReplies += other.agentReplies
        handOffs += other.handOffs
        firstReplies += other.firstReplies
        firstReplySeconds += other.firstReplySeconds
        resolutions += other.resolutions
        resolutionSeconds += other.resolutionSeconds
        tokens += other.tokens
        ratings += other.ratings
        ratingPoints += other.ratingPoints
        slaMet += other.slaMet
        slaBreached += other.slaBreached
        deflected += other.deflected
    }
}
