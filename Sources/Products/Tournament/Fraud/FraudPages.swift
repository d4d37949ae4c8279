import Base
import Web

/// The desk of moderators: what waits for a decision.
struct DeskPage: Sendable {
    struct Item: Sendable {
        let href: String
        let heading: String
        let detail: String
        let reasons: [String]
        let badge: Badge
    }

    struct Tab: Sendable {
        let label: String
        let href: String
        let isCurrent: Bool
    }

    let sections = DeskTab.all(current: .votes)
    let lead: String
    let tabs: [Tab]
    let items: [Item]
    let isEmpty: Bool
    let emptyText: String
    let pager: BoardPage.Pager?

    init(_ cases: [FraudCase], state: FraudCase.State, slots: [ID<Slot>: Slot], next: String?, at now: Timestamp) {
        lead = "Votes that share more than chance explains. Nothing is taken out before somebody has looked."
        tabs = FraudCase.State.allCases.map {
            Tab(label: Self.title($0), href: "\(Addresses.desk)?state=\($0.rawValue)", isCurrent: $0 == state)
        }
        items = cases.map { fraud in
            let place = slots[fraud.slotID].map { "Slot \($0.position)" } ?? "A slot"
            return Item(
                href: Addresses.fraudCase(fraud.id),
                heading: "\(place): \(Wording.count(fraud.votes, "vote")) of \(Wording.count(fraud.voters, "voter"))",
                detail: "Noticed \(Wording.ago(now - fraud.openedAt))", reasons: fraud.reasons,
                badge: Self.badge(fraud.state))
        }
        isEmpty = cases.isEmpty
        emptyText = state == .open ? "No case waits for a decision." : "There is no such case."
        pager = next.map {
            BoardPage.Pager(
                summary: Wording.count(cases.count, "case"), firstHref: nil,
                nextHref: "\(Addresses.desk)?state=\(state.rawValue)&after=\($0)")
        }
    }

    static func title(_ state: FraudCase.State) -> String {
        switch state {
        case .open: "Open"
        case .removed: "Removed"
        case .dismissed: "Dismissed"
        }
    }

    static func badge(_ state: FraudCase.State) -> Badge {
        switch state {
        case .open: Badge(.gold, "open")
        case .removed: Badge(.bad, "votes removed")
        case .dismissed: Badge(.plain, "dismissed")
        }
    }
}

/// One case: reasons, votes, and what a removal would do, before it is done.
struct FraudCasePage: Sendable {
    struct ChangeRow: Sendable {
        let title: String
        let href: String
        let rank: String
        let isMoved: Bool
        let scoreBefore: String
        let scoreAfter: String
        let removed: String
    }

    struct BallotRow: Sendable {
        let time: String
        let title: String
        let kind: String
        let voter: String
        let risk: String
        let state: String
        let banAction: String
        let banLabel: String
        let banNext: String
    }

    struct Decision: Sendable {
        let removalAction: String
        let dismissalAction: String
        let publicReason: String
        let warning: String
    }

    let heading: String
    let lead: String
    let badge: Badge
    let reasons: [String]
    let stats: [Figure]
    let hasEffect: Bool
    let verdict: String
    let isWinnerChanged: Bool
    let changes: [ChangeRow]
    let ballots: [BallotRow]
    let ballotsNote: String?
    let decision: Decision?
    let recountAction: String?
    let resultsHref: String
    let deskHref = Addresses.desk
    let caseID: String

    init(_ dossier: FraudDesk.Dossier) {
        let (fraud, slot) = (dossier.fraudCase, dossier.slot)
        let zone = dossier.season.rules.zone
        heading = "Suspicious votes in slot \(slot.position)"
        badge = DeskPage.badge(fraud.state)
        caseID = fraud.id.description
        reasons = fraud.reasons
        lead = Self.lead(fraud, slot, dossier.season)
        stats =
            [
                Figure(label: "Votes", value: Wording.number(fraud.votes)),
                Figure(label: "Voters", value: Wording.number(fraud.voters)),
            ]
            + (dossier.effect.map {
                [
                    Figure(label: "Would be removed", value: Wording.number($0.votes)),
                    Figure(label: "Points", value: Wording.number($0.weight)),
                ]
            } ?? [])
        func title(_ clip: ID<Clip>?) -> String {
            clip.flatMap { dossier.clips[$0] }.map { "“\($0.title)”" } ?? "no clip"
        }
        hasEffect = dossier.effect != nil
        isWinnerChanged = dossier.effect?.changesWinner ?? false
        verdict =
            dossier.effect.map { effect in
                effect.changesWinner
                    ? "First place would go from \(title(effect.winnerBefore)) to \(title(effect.winnerAfter))."
                    : "First place would stay with \(title(effect.winnerBefore))."
            } ?? ""
        changes = (dossier.effect?.changes ?? []).prefix(100).map { change in
            ChangeRow(
                title: dossier.clips[change.clipID]?.title ?? "A removed clip", href: Addresses.clip(change.clipID),
                rank: change.rankBefore == change.rankAfter
                    ? "\(change.rankBefore)" : "\(change.rankBefore) → \(change.rankAfter)",
                isMoved: change.rankBefore != change.rankAfter, scoreBefore: Wording.number(change.scoreBefore),
                scoreAfter: Wording.number(change.scoreAfter), removed: Wording.number(change.removed))
        }
        ballots = dossier.ballots.map { ballot in
            BallotRow(
                time: "\(Wording.shortDay(ballot.castAt, in: zone)) \(Wording.clock(ballot.castAt, in: zone))",
                title: dossier.clips[ballot.clipID]?.title ?? "A removed clip", kind: ballot.kind.rawValue,
                voter: String(ballot.voterID.description.suffix(6)), risk: Wording.number(ballot.risk),
                state: ballot.isRemoved ? "removed" : ballot.isWithdrawn ? "taken back" : "counts",
                banAction: "\(Addresses.desk)/voters/\(ballot.voterID)/ban",
                banLabel: ballot.isBanned ? "Admit again" : "Ban", banNext: ballot.isBanned ? "false" : "true")
        }
        ballotsNote =
            fraud.votes > dossier.ballots.count
            ? "The first \(Wording.number(dossier.ballots.count)) of \(Wording.number(fraud.votes)) votes." : nil
        resultsHref = Addresses.results(slot.id)
        recountAction = slot.state == .provisional ? "\(Addresses.results(slot.id))/recount" : nil
        decision =
            fraud.state == .open
            ? Decision(
                removalAction: "\(Addresses.fraudCase(fraud.id))/removal",
                dismissalAction: "\(Addresses.fraudCase(fraud.id))/dismissal",
                publicReason: fraud.reasons.first ?? "", warning: Self.warning(slot)) : nil
    }

    private static func lead(_ fraud: FraudCase, _ slot: Slot, _ season: Season) -> String {
        let zone = season.rules.zone
        guard let decidedAt = fraud.decidedAt else {
            return "Noticed on \(Wording.day(fraud.openedAt, in: zone)). Look at the effect before you decide."
        }
        return "Decided on \(Wording.day(decidedAt, in: zone)) by \(fraud.decidedBy ?? "a moderator")."
    }

    private static func warning(_ slot: Slot) -> String {
        switch slot.state {
        case .locked: "The result is final: the removal is shown to everybody and changes nothing."
        case .provisional: "The result is provisional: it is counted anew without these votes at once."
        default: "The slot is open: tallies fall at once, and these voters cannot vote there again for the same clip."
        }
    }
}

extension TournamentPages {
    static func page(_ model: DeskPage) -> HTMLPage {
        HTMLPage(
            "Desk", template: "tournament/desk", model: model, stylesheets: ["tournament/tournament.css"])
    }

    static func page(_ model: FraudCasePage) -> HTMLPage {
        HTMLPage(
            model.heading, template: "tournament/fraud-case", model: model, stylesheets: ["tournament/tournament.css"])
    }
}
