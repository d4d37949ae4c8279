import Base
import InboxVendors

/// How the demo's company works: its hours, its team, what it promises, replies at hand, and rules that give tags.
struct DemoHouse: Sendable {
    let office: Office
    let place: DemoPlace
    let channels: [ChannelKind: OpenChannel]

    private var tenant: Tenant { place.tenant }

    /// Sets everything up; what is promised holds for what happens from now on.
    func setUp() async throws {
        let hours = try await office.teams.set(nil, named: "Shop hours", Self.week(place), isUsual: true, in: tenant)
        _ = try await office.teams.make(
            TeamDesk.TeamDraft(name: "Shop", members: place.people.map { Team.Member(person: $0, cap: 40) }), in: tenant
        )
        _ = try await office.promises.make(
            SlaDesk.LevelDraft(
                name: "Within the hour", first: 60, next: 4 * 60, resolution: 3 * 24 * 60, hours: hours.id),
            in: tenant)
        for reply in place.company.replies {
            _ = try await office.canned.make(reply.shortcut, reply.text, of: place.owner(of: reply), in: tenant)
        }
        try await makeRules()
    }

    /// Nine to six, on Saturdays until two, as the company's zone has it.
    private static func week(_ place: DemoPlace) -> WeekPlan {
        let day = WeekPlan.Span(from: 9 * 60, until: 18 * 60)
        let saturday = WeekPlan.Span(from: 10 * 60, until: 14 * 60)
        return WeekPlan(
            zone: place.company.zone, days: Array(repeating: [day], count: 5) + [[saturday], []],
            holidays: ["2026-12-25", "2026-12-26", "2027-01-01"])
    }

    private func makeRules() async throws {
        guard let person = place.people.first else { return }
        let now = office.clock.now()
        let tags = TagStore(storage: office.storage)
        for rule in place.company.rules {
            let channel = rule.channel.flatMap { channels[$0]?.channel.id }
            guard rule.channel == nil || channel != nil,
                let tag = try await tags.make(
                    Tag(id: ID(at: now, using: office.randomness), label: rule.tag), at: now, in: tenant)
            else { continue }
            _ = try await office.rules.make(
                named: rule.title, at: .inbound,
                if: Rule.Conditions(channels: channel.map { [$0] }, words: rule.word.map { [$0] }),
                do: [.tag(tag.id)], by: person, in: tenant)
        }
    }
}
