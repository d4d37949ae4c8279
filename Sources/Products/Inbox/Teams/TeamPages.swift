import Accounts
import Base
import Web

/// Who answers, when, and how soon.
struct TeamPage: Sendable {
    struct Colleague: Sendable {
        let id: String
        let name: String
        let initials: String
        let seat: String
        let isHere: Bool
        let teams: String
        let since: String
    }

    struct MemberLine: Sendable {
        let id: String
        let name: String
        let cap: String
        let isHere: Bool
        let action: String
        let removeAction: String
    }

    struct Option: Sendable {
        let value: String
        let label: String
        let isChosen: Bool
    }

    struct TeamLine: Sendable {
        let id: String
        let name: String
        let members: [MemberLine]
        let hasMembers: Bool
        let summary: String
        let channels: [Option]
        let others: [Option]
        /// Whether there is anybody who is not in it.
        let hasOthers: Bool
        let action: String
        let memberAction: String
        let removeAction: String
    }

    struct DayField: Sendable {
        let name: String
        let label: String
        let value: String
        let id: String
    }

    struct HoursLine: Sendable {
        let id: String
        let name: String
        let zone: String
        let isUsual: Bool
        let state: String
        let isOpen: Bool
        let days: [DayField]
        let holidays: String
        let action: String
        let removeAction: String
    }

    struct LevelLine: Sendable {
        let name: String
        let goals: String
        let holds: String
        let removeAction: String
    }

    let frame: Frame
    let isAdmin: Bool
    let colleagues: [Colleague]
    let teams: [TeamLine]
    let hasTeams: Bool
    let hours: [HoursLine]
    let hasHours: Bool
    let levels: [LevelLine]
    let hasLevels: Bool
    let newDays: [DayField]
    let channels: [Option]
    let plans: [Option]
    let usualCap = Team.Bounds.usualCap
    let invitations: [InvitationLine]
    let hasInvitations: Bool
    let keeping: Keeping
    let seats: [Option]
    let inviteAction = Addresses.team + "/invitations"
    let teamAction = Addresses.team + "/teams"
    let hoursAction = Addresses.team + "/hours"
    let levelAction = Addresses.team + "/service-levels"

    /// What the page is made from.
    struct Parts: Sendable {
        var colleagues: [Membership]
        var present: Set<ID<Person>>
        var teams: [Team]
        var hours: [BusinessHours]
        var levels: [ServiceLevel]
        var channels: [Channel]
        var invitations: [Invitation] = []
        var retention = RetentionRecord()
        var now: Timestamp
    }

    private static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

    init(_ frame: Frame, _ parts: Parts) {
        self.frame = frame
        isAdmin = frame.isAdmin
        colleagues = parts.colleagues.map { member in
            let teams = parts.teams.filter { $0.members.contains { $0.person == member.person } }.map(\.name)
            return Colleague(
                id: member.person.description, name: member.name, initials: Wording.initials(member.name),
                seat: member.isOwner ? "owner" : Seat(member.role).rawValue,
                isHere: parts.present.contains(member.person), teams: teams.joined(separator: ", "),
                since: Wording.day(member.joinedAt, now: parts.now))
        }
        teams = parts.teams.map { TeamLine($0, parts) }
        hasTeams = !teams.isEmpty
        invitations = parts.invitations.map { InvitationLine($0, at: parts.now) }
        hasInvitations = !invitations.isEmpty
        keeping = Keeping(parts.retention, isOwner: frame.seat == Seat.owner.rawValue, now: parts.now)
        seats = Self.seats(for: Seat(rawValue: frame.seat) ?? .agent)
        hours = parts.hours.map { Self.line($0, at: parts.now) }
        hasHours = !hours.isEmpty
        levels = parts.levels.map { LevelLine($0, parts) }
        hasLevels = !levels.isEmpty
        newDays = Self.days(
            (0..<7).map { $0 < 5 ? [WeekPlan.Span(from: 540, until: 1_080)] : [] }, of: "new")
        channels = parts.channels.map { Option(value: $0.id.description, label: $0.name, isChosen: false) }
        plans = parts.hours.map {
            Option(value: $0.id.description, label: $0.name, isChosen: $0.isUsual)
        }
    }

    private static func days(_ spans: [[WeekPlan.Span]], of id: String) -> [DayField] {
        zip(weekdays, spans).map { day, spans in
            DayField(name: day.lowercased(), label: day, value: WeekPlan.text(spans), id: "\(day)-\(id)")
        }
    }

    private static func line(_ hours: BusinessHours, at now: Timestamp) -> HoursLine {
        let isOpen = hours.plan.isOpen(at: now)
        let next = hours.plan.nextOpening(after: now)
        let state =
            isOpen
            ? "open now"
            : next.map { "opens \(Wording.day($0, now: now)), \(Wording.clock($0)) UTC" } ?? "closed for a month"
        return HoursLine(
            id: hours.id.description, name: hours.name, zone: hours.plan.zone, isUsual: hours.isUsual, state: state,
            isOpen: isOpen, days: days(hours.plan.days, of: hours.id.description),
            holidays: hours.plan.holidays.joined(separator: ", "), action: "\(Addresses.team)/hours/\(hours.id)",
            removeAction: "\(Addresses.team)/hours/\(hours.id)/remove")
    }
}

extension TeamPage.TeamLine {
    init(_ team: Team, _ parts: TeamPage.Parts) {
        let path = "\(Addresses.team)/teams/\(team.id)"
        let members = Set(team.members.map(\.person))
        let names = Dictionary(uniqueKeysWithValues: parts.colleagues.map { ($0.person, $0.name) })
        let taken = parts.channels.filter { team.channels.contains($0.id) }.map(\.name)
        self.init(
            id: team.id.description, name: team.name,
            members: team.members.map { member in
                TeamPage.MemberLine(
                    id: "\(member.person)-\(team.id)", name: names[member.person] ?? NameKeeper.nobody,
                    cap: "\(member.cap)", isHere: parts.present.contains(member.person), action: path + "/members",
                    removeAction: path + "/members/\(member.person)/remove")
            }.sorted { $0.name < $1.name },
            hasMembers: !team.members.isEmpty,
            summary: "\(Wording.count(team.members.count, "member")), "
                + (taken.isEmpty ? "for all channels" : "for \(taken.joined(separator: ", "))"),
            channels: parts.channels.map {
                TeamPage.Option(
                    value: $0.id.description, label: $0.name, isChosen: team.channels.contains($0.id))
            },
            others: parts.colleagues.filter { !members.contains($0.person) }.map {
                TeamPage.Option(value: $0.person.description, label: $0.name, isChosen: false)
            }, hasOthers: parts.colleagues.contains { !members.contains($0.person) },
            action: path, memberAction: path + "/members", removeAction: path + "/remove")
    }
}

extension TeamPage.LevelLine {
    init(_ level: ServiceLevel, _ parts: TeamPage.Parts) {
        let goals = [
            level.first.map { "first answer within \(Wording.span(.seconds(Int64($0) * 60)))" },
            level.next.map { "each next one within \(Wording.span(.seconds(Int64($0) * 60)))" },
            level.resolution.map { "closed within \(Wording.span(.seconds(Int64($0) * 60)))" },
        ].compactMap { $0 }
        let channels = parts.channels.filter { level.channels.contains($0.id) }.map(\.name)
        let hours =
            parts.hours.first { $0.id == level.hours }?.name ?? parts.hours.first(where: \.isUsual)?.name ?? "all hours"
        self.init(
            name: level.name, goals: goals.joined(separator: ", "),
            holds: "\(channels.isEmpty ? "all channels" : channels.joined(separator: ", ")) · \(hours)",
            removeAction: "\(Addresses.team)/service-levels/\(level.id)/remove")
    }
}
