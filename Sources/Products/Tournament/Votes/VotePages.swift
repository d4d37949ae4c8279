import Base

/// What is left of the day, as a bar.
struct AllowanceMeter: Sendable {
    let left: Int
    let cap: Int
    let resetsAt: String

    init(_ allowance: Allowance, rules: SeasonRules) {
        left = allowance.left
        cap = allowance.limit
        resetsAt = "new at \(Wording.clock(allowance.renewsAt, in: rules.zone)) \(Wording.place(rules.timeZone))"
    }
}

/// What a voter may still do in a slot.
struct VotingPower: Sendable {
    let allowance: Allowance
    let hasSuper: Bool
    let hasMega: Bool

    init(allowance: Allowance, hasSuper: Bool, hasMega: Bool) {
        self.allowance = allowance
        self.hasSuper = hasSuper
        self.hasMega = hasMega
    }

    init(_ record: VoterRecord) {
        self.init(
            allowance: record.allowance, hasSuper: record.left(of: .super) > 0, hasMega: record.left(of: .mega) > 0)
    }

    /// How many votes of the kind are left.
    func left(_ kind: Vote.Kind, rules: SeasonRules) -> Int {
        let affordable = allowance.left / max(1, rules.weight(of: kind))
        switch kind {
        case .normal: return affordable
        case .super: return min(affordable, hasSuper ? 1 : 0)
        case .mega: return min(affordable, hasMega ? 1 : 0)
        }
    }
}

/// The three buttons below a clip, or what was given and the way to take it back; a plain form without script.
struct VoteForm: Sendable {
    struct Kind: Sendable {
        let kind: String
        let label: String
        let key: Int
        let weight: Int
        let left: String
        let isSpent: Bool
    }

    struct Given: Sendable {
        let kind: String
        let sentence: String
    }

    let id: String
    let title: String
    let kinds: [Kind]
    let given: Given?
    let isClosed: Bool
    let note: String?

    init(
        _ clip: Clip, given: Vote.Kind?, power: VotingPower, rules: SeasonRules, isOpen: Bool,
        note: String? = nil
    ) {
        id = clip.id.description
        title = clip.title
        self.note = note
        isClosed = !isOpen
        self.given = given.map { kind in
            let name = ["normal": "a vote", "super": "a super vote", "mega": "a mega vote"][kind.rawValue] ?? ""
            return Given(kind: kind.rawValue, sentence: "You gave \(name) (+\(rules.weight(of: kind))).")
        }
        kinds = Vote.Kind.allCases.enumerated().map { index, kind in
            let left = power.left(kind, rules: rules)
            return Kind(
                kind: kind.rawValue, label: ["Vote", "Super", "Mega"][index], key: index + 1,
                weight: rules.weight(of: kind), left: "\(left) left", isSpent: left == 0)
        }
    }
}
