import Base

/// What is counted in an hour or a day, of the company, a channel or a person.
struct Count: Sendable, Hashable {
    var opened: Int64 = 0
    var closed: Int64 = 0
    var inbound: Int64 = 0
    var botReplies: Int64 = 0
    var agentReplies: Int64 = 0
    var handOffs: Int64 = 0
    var firstReplies: Int64 = 0
    var firstReplySeconds: Int64 = 0
    var resolutions: Int64 = 0
    var resolutionSeconds: Int64 = 0
    var tokens: Int64 = 0
    var ratings: Int64 = 0
    var ratingPoints: Int64 = 0
    var slaMet: Int64 = 0
    var slaBreached: Int64 = 0
    var deflected: Int64 = 0

    var messages: Int64 { inbound + botReplies + agentReplies }

    /// The mean time to the first answer in seconds; `nil` without one.
    var meanFirstReply: Int64? { firstReplies > 0 ? firstReplySeconds / firstReplies : nil }

    /// Points of a rating on average, in hundredths; `nil` without one.
    var meanRating: Int64? { ratings > 0 ? ratingPoints * 100 / ratings : nil }

    /// Promises that were kept, in hundredths; `nil` without any.
    var keptShare: Int64? {
        slaMet + slaBreached > 0 ? slaMet * 100 / (slaMet + slaBreached) : nil
    }

    /// Conversations that needed nobody, of those that were closed, in hundredths; `nil` without any.
    var deflectedShare: Int64? { closed > 0 ? min(100, deflected * 100 / closed) : nil }

    mutating func add(_ tally: Tally) {
        switch tally.kind {
        case .opened: opened += tally.amount
        case .closed: closed += tally.amount
        case .inbound: inbound += tally.amount
        case .botReply: botReplies += tally.amount
        case .agentReply: agentReplies += tally.amount
        case .handOff: handOffs += tally.amount
        case .firstReply:
            firstReplies += 1
            firstReplySeconds += tally.amount
        case .resolution:
            resolutions += 1
            resolutionSeconds += tally.amount
        case .tokens: tokens += tally.amount
        case .rating:
            ratings += 1
            ratingPoints += tally.amount
        case .slaMet: slaMet += tally.amount
        case .slaBreached: slaBreached += tally.amount
        case .deflected: deflected += tally.amount
        case .assigned, .snoozed, .woken: break
        }
    }
}

/// Whose count it is, and of which hour or day.
struct CountKey: Sendable, Hashable, Comparable {
    enum Scope: String, Sendable, Hashable, CaseIterable, Comparable {
        case channel, company, person

        static func < (left: Scope, right: Scope) -> Bool { left.rawValue < right.rawValue }
    }

    let scope: Scope
    let id: ID<CountKey>
    /// Hours or days since 1970.
    let number: Int64

    static func < (left: CountKey, right: CountKey) -> Bool {
        (left.scope, left.id, left.number) < (right.scope, right.id, right.number)
    }

    /// The counts that a tally belongs to, of hours or days of so many seconds.
    static func keys(of tally: Tally, in tenant: Tenant, seconds: Int64) -> [CountKey] {
        let number = tally.at.seconds / seconds
        var keys = [
            CountKey(scope: .company, id: tenant.id.cast(to: ID<CountKey>.self), number: number),
            CountKey(scope: .channel, id: tally.channel.cast(to: ID<CountKey>.self), number: number),
        ]
        if let person = tally.person {
            keys.append(CountKey(scope: .person, id: person.cast(to: ID<CountKey>.self), number: number))
        }
        return keys
    }

    /// Adds tallies up.
    static func counts(of tallies: [Tally], in tenant: Tenant, seconds: Int64) -> [(key: CountKey, count: Count)] {
        var counts: [CountKey: Count] = [:]
        for tally in tallies {
            for key in keys(of: tally, in: tenant, seconds: seconds) { counts[key, default: Count()].add(tally) }
        }
        // In one order, so that two who add cannot wait for each other.
        return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
