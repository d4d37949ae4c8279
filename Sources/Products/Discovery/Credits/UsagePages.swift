import Base
import Web

/// What the workspace has used.
struct UsagePage: Sendable {
    struct Meter: Sendable {
        let label: String
        let used: String
        let limit: String
        let left: String
        let percent: Int
        let held: String
    }

    struct Bar: Sendable {
        let x: String
        let y: String
        let height: String
        let errorY: String
        let errorHeight: String
        let title: String
    }

    /// A change of the month's credits: what it set aside, what it spent, what it gave back.
    struct Entry: Sendable, Hashable {
        let when: String
        let what: String
        let reserved: String
        let spent: String
        let returned: String
        let kind: String
        let badge: String
    }

    struct Caller: Sendable {
        let name: String
        let calls: String
        let errors: String
    }

    let tabs = Tab.all(.usage)
    let plan: String
    let planNote: String
    let isClosed: Bool
    let meters: [Meter]
    let bars: [Bar]
    let hasCalls: Bool
    let callsToday: String
    let callsLimit: String
    let callsPercent: Int
    let calls: String
    let errors: String
    let meanTime: String
    let cost: String
    let isOwner: Bool
    let vendor: String
    let health: String
    let healthKind: String
    let entries: [Entry]
    let hasEntries: Bool
    let people: [Caller]
    let hasPeople: Bool
    let nextHref: String
    let hasNext: Bool

    init(
        _ usage: UsageDesk.Usage, entries lines: [UsageLine], next: String?, names: [ID<Person>: String], isOwner: Bool,
        at now: Timestamp
    ) {
        plan = usage.workspace.plan.title
        isClosed = !usage.workspace.isOpen(at: now)
        planNote = usage.renewsAt.map { "renews \(Wording.day($0, now: now))" } ?? ""
        meters = [
            Meter("Creators", usage.creatorsUsed, usage.creatorsHeld, usage.creatorsLimit),
            Meter("Profiles", usage.profilesUsed, usage.profilesHeld, usage.enrichmentsLimit),
        ]
        bars = Self.bars(usage.days)
        hasCalls = usage.total.calls > 0
        callsToday = Wording.number(usage.callsToday)
        callsLimit = Wording.number(usage.callsPerDay)
        callsPercent = min(100, usage.callsToday * 100 / max(1, usage.callsPerDay))
        calls = Wording.number(usage.total.calls)
        errors = Wording.number(usage.total.errors)
        meanTime = "\(Wording.number(usage.total.meanMilliseconds)) ms"
        let micro = Int64(usage.total.calls) * usage.vendor.callCost
        let cents = micro % 1_000_000 / 10_000
        cost = "$\(Wording.number(micro / 1_000_000)).\(cents < 10 ? "0" : "")\(cents)"
        self.isOwner = isOwner
        vendor = usage.vendor.title
        switch usage.paused?.reason {
        case .keyRefused: (health, healthKind) = ("its key is refused; an operator is told", "bad")
        case .creditSpent: (health, healthKind) = ("its credit is spent; an operator is told", "bad")
        case nil: (health, healthKind) = ("answers", "good")
        }
        entries = lines.map { Entry($0, at: now) }
        hasEntries = !lines.isEmpty
        people = usage.people.map {
            Caller(
                name: names[$0.personID] ?? "Somebody", calls: Wording.number($0.total.calls),
                errors: Wording.number($0.total.errors))
        }
        hasPeople = !usage.people.isEmpty
        hasNext = next != nil
        nextHref = "\(Addresses.usage)?after=\(next ?? "")"
    }

    /// Thirty days as bars of 20 by 100, the oldest at the left.
    private static func bars(_ days: [VendorDayLine]) -> [Bar] {
        let most = Double(max(1, days.map(\.total.calls).max() ?? 1))
        guard let latest = days.map(\.day.daysSinceEpoch).max() else { return [] }
        return days.map { line in
            let place = UsageDesk.Bounds.days - 1 - (latest - line.day.daysSinceEpoch)
            let height = Int(Double(line.total.calls) / most * 96)
            let failed = Int(Double(line.total.errors) / most * 96)
            return Bar(
                x: "\(place * 20 + 2)", y: "\(100 - height)", height: "\(height)", errorY: "\(100 - failed)",
                errorHeight: "\(failed)",
                title: "\(line.day): \(Wording.count(line.total.calls, "call")), \(line.total.errors) failed")
        }
    }
}

/// A line of the credits' journal as pages show it.
struct UsageLine: Sendable {
    let madeAt: Timestamp
    let kind: String
    let held: Int
    let used: Int
    let note: String
}

extension UsagePage.Meter {
    init(_ label: String, _ used: Int, _ held: Int, _ limit: Int) {
        self.init(
            label: label, used: Wording.number(used), limit: Wording.number(limit),
            left: Wording.number(max(0, limit - used - held)),
            percent: min(100, (used + held) * 100 / max(1, limit)), held: Wording.number(held))
    }
}

extension UsagePage.Entry {
    init(_ line: UsageLine, at now: Timestamp) {
        let (label, badge): (String, String) =
            switch line.kind {
            case "reserve": ("set aside", "info")
            case "settle": ("settled", "good")
            case "release": ("given back", "plain")
            default: ("lapsed", "gold")
            }
        // What a settlement takes out of what was set aside and does not spend is free again.
        let returned = line.held < 0 ? max(0, -line.held - line.used) : 0
        self.init(
            when: Wording.ago(now - line.madeAt), what: line.note.isEmpty ? "Search" : line.note,
            reserved: Self.cell(max(0, line.held)), spent: line.kind == "settle" ? Wording.number(line.used) : "",
            returned: Self.cell(returned), kind: label, badge: badge)
    }

    /// A number where there is one: a table of zeros says nothing.
    private static func cell(_ number: Int) -> String { number > 0 ? Wording.number(number) : "" }
}
