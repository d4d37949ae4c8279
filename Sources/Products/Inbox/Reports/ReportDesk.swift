import Base
import Foundation
import InboxVendors
import Storage

/// Makes reports from the counts: one statement each.
final class ReportDesk: Sendable {
    enum Bounds {
        /// Days of which hours are kept.
        static let hourDays = 60
    }

    private let store: CountStore
    private let names: NameKeeper
    private let channels: ChannelDesk
    private let teams: TeamDesk
    private let clock: any WallClock

    init(storage: Storage, names: NameKeeper, channels: ChannelDesk, teams: TeamDesk, clock: any WallClock) {
        self.names = names
        self.channels = channels
        self.teams = teams
        self.clock = clock
        store = CountStore(storage: storage)
    }

    /// A report about the last days, today included.
    func report(_ kind: Report.Kind, days: Int, in tenant: Tenant) async throws -> Report {
        let days = min(max(days, 1), CountDesk.Bounds.days)
        let today = CalendarDay(of: clock.now(), in: .gmt).daysSinceEpoch
        let first = today - Int64(days) + 1
        let rows: [[Report.Cell]] =
            switch kind {
            case .agents: try await agents(from: first, in: tenant)
            case .channels: try await channels(from: first, in: tenant)
            case .hours: try await hours(days: days, in: tenant)
            case .bot, .ratings, .serviceLevels:
                try await store.days(from: first, in: tenant).compactMap { Self.row(of: $0, kind) }
            }
        return Report(kind: kind, days: days, columns: kind.columns, rows: rows)
    }

    private func agents(from day: Int64, in tenant: Tenant) async throws -> [[Report.Cell]] {
        let parts = try await store.sums(.person, from: day, in: tenant)
        let known = try await names.names(of: parts.map { $0.id.cast(to: ID<Person>.self) }, in: tenant)
        return parts.map { part -> (String, [Report.Cell]) in
            let name = known[part.id.cast(to: ID<Person>.self)] ?? NameKeeper.nobody
            let count = part.count
            return (
                name,
                [
                    .text(name), .number(count.agentReplies), .number(count.closed),
                    .init(number: count.meanFirstReply),
                    .init(number: count.meanResolution), .number(count.ratings), .init(hundredths: count.meanRating),
                    .number(count.slaMet), .number(count.slaBreached),
                ]
            )
        }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func channels(from day: Int64, in tenant: Tenant) async throws -> [[Report.Cell]] {
        let parts = try await store.sums(.channel, from: day, in: tenant)
        let known = try await channels.channels(in: tenant)
        return parts.map { part -> (String, [Report.Cell]) in
            let channel = known.first { $0.id.cast(to: ID<CountKey>.self) == part.id }
            let count = part.count
            return (
                channel?.name ?? "",
                [
                    .text(channel?.name ?? "A channel that is gone"), .text(channel?.kind.rawValue ?? ""),
                    .number(count.opened), .number(count.closed), .number(count.inbound), .number(count.agentReplies),
                    .number(count.botReplies), .number(count.handOffs), .init(hundredths: count.deflectedShare),
                    .init(number: count.meanFirstReply), .init(hundredths: count.meanRating),
                ]
            )
        }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// A week of hours in the company's zone, each the sum of all such hours in the range.
    private func hours(days: Int, in tenant: Tenant) async throws -> [[Report.Cell]] {
        let week = try await week(days: days, in: tenant)
        return week.enumerated().filter { $0.element != Count() }.map { place, count in
            [
                .text(Self.weekdays[place / 24]), .number(Int64(place % 24)), .number(count.inbound),
                .number(count.opened), .number(count.agentReplies), .number(count.botReplies),
            ]
        }
    }

    /// What happens in each hour of a week, Monday first, in the company's zone.
    func week(days: Int, in tenant: Tenant) async throws -> [Count] {
        let zone = TimeZone(identifier: try await teams.plan(nil, in: tenant)?.zone ?? "") ?? .gmt
        let now = clock.now().seconds / CountStore.Bounds.hour
        let parts = try await store.hours(from: now - Int64(min(days, Bounds.hourDays)) * 24 + 1, in: tenant)
        var week = [Count](repeating: Count(), count: 168)
        for part in parts {
            let seconds = part.number * CountStore.Bounds.hour
            let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
            let local = (seconds + Int64(offset)) / CountStore.Bounds.hour
            // The first of January 1970 was a Thursday.
            let weekday = (local / 24 + 3) % 7
            week[Int(weekday * 24 + local % 24)].add(part.count)
        }
        return week
    }

    private static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

    private static func row(of part: CountStore.Part, _ kind: Report.Kind) -> [Report.Cell]? {
        let day = Report.Cell.text(CalendarDay(daysSinceEpoch: part.number).description)
        let count = part.count
        switch kind {
        case .bot:
            return [
                day, .number(count.botReplies), .number(count.handOffs), .number(count.closed),
                .number(count.deflected),
                .init(hundredths: count.deflectedShare), .number(count.tokens),
            ]
        case .ratings:
            guard count.ratings > 0 else { return nil }
            return [day, .number(count.ratings), .init(hundredths: count.meanRating)]
        case .serviceLevels:
            return [
                day, .number(count.slaMet), .number(count.slaBreached), .init(hundredths: count.keptShare),
                .init(number: count.meanFirstReply), .init(number: count.meanResolution),
            ]
        case .agents, .channels, .hours: return nil
        }
    }
}
