import Base
import Crypto
import Synchronization
import Telemetry
import Web

/// Looks at requests that vote: gathers their features, decides, and takes note of what is worth a moderator's look.
///
/// Everything is in memory; a vote pays for it with two look-ups and no statement.
final class RiskDesk: Sendable {
    /// What is known of a request before its vote is cast.
    struct Finding: Sendable {
        let risk: Risk
        let address: Int64
        let agent: Int64
        /// Whether this node has not seen the voter before.
        let isNew: Bool
    }

    enum Bounds {
        /// Browsers' names that are looked at once and remembered.
        static let agents = 4_096
    }

    private struct AgentKey: Hashable {
        let tenant: Tenant
        let name: String
    }

    private struct Agent {
        let traits: AgentTraits
        let number: Int64
    }

    private struct State {
        var newcomers = ArrivalWatch()
        var replays = ReplayWatch()
        var agents = BoundedMap<AgentKey, Agent>(capacity: Bounds.agents)
    }

    let keeper: RiskKeeper
    private let clock: any WallClock
    private let randomness: any Randomness
    private let events: EventLog
    private let state = Mutex(State())

    init(keeper: RiskKeeper, clock: any WallClock, randomness: any Randomness, events: EventLog) {
        self.keeper = keeper
        self.clock = clock
        self.randomness = randomness
        self.events = events
    }

    /// Decides about a request of a voter.
    func assess(_ context: RequestContext, _ voter: ID<Voter>) -> Finding {
        let address = Self.hash("address", context.clientAddress.group.description, context.tenant)
        let key = AgentKey(
            tenant: context.tenant, name: String((context.header("user-agent") ?? "").prefix(Risk.Bounds.agentBytes)))
        let now = clock.now()
        let (note, hasReplayed, known) = state.withLock { state in
            (
                state.newcomers.note(voter, from: UInt64(bitPattern: address), at: now),
                state.replays.hasReplayed(voter, at: now), state.agents[key]
            )
        }
        let agent = known ?? learn(key)
        var features = RiskFeatures(agent: agent.traits)
        features.hasLanguage = context.header("accept-language")?.isEmpty == false
        features.hasClientHints = context.header("sec-ch-ua") != nil
        features.mayHaveClientHints = context.isSecure || Self.ownMachine.contains(context.host)
        features.hasReplayedToken = hasReplayed
        features.newcomers = note.newcomers
        return Finding(risk: Risk(features), address: address, agent: agent.number, isNew: note.isNew)
    }

    private func learn(_ key: AgentKey) -> Agent {
        let agent = Agent(traits: AgentTraits(key.name), number: Self.hash("agent", key.name, key.tenant))
        state.withLock { $0.agents[key] = agent }
        return agent
    }

    /// Takes note of a vote that was counted: of a newcomer's, and of one that looks automated.
    func note(_ vote: CastVote, by voter: ID<Voter>, _ finding: Finding, in tenant: Tenant) {
        guard finding.isNew || finding.risk.points > 0 else { return }
        if finding.risk.needsReview { events.record(.voteMarked, ["points": .number(finding.risk.points)]) }
        keeper.note(
            event(voter, finding, slot: vote.slotID, clip: vote.clipID, vote: vote.id), in: tenant)
    }

    /// Takes note of a request that was refused for its risk.
    func noteBlocked(_ voter: ID<Voter>, on clip: ID<Clip>, _ finding: Finding, in tenant: Tenant) {
        events.record(.voteBlocked, ["points": .number(finding.risk.points)])
        keeper.note(event(voter, finding, slot: nil, clip: clip, vote: nil), in: tenant)
    }

    /// Takes note of tokens that were sent again or were made for somebody else.
    func noteReplay(by voter: ID<Voter>, foreign: Int, repeated: Int) {
        let now = clock.now()
        state.withLock { $0.replays.note(voter, foreign: foreign, repeated: repeated, at: now) }
    }

    private func event(
        _ voter: ID<Voter>, _ finding: Finding, slot: ID<Slot>?, clip: ID<Clip>?, vote: ID<Vote>?
    ) -> RiskEvent {
        let now = clock.now()
        return RiskEvent(
            id: ID(at: now, using: AnyRandomness(randomness)), voterID: voter, slotID: slot, clipID: clip, voteID: vote,
            points: finding.risk.points, reasons: finding.risk.reasons, address: finding.address, agent: finding.agent,
            noticedAt: now)
    }

    private static let ownMachine: Set<String> = ["localhost", "127.0.0.1", "::1"]

    /// A number that groups and tells nothing: the same feature is another number in another tenant.
    private static func hash(_ kind: String, _ text: String, _ tenant: Tenant) -> Int64 {
        var hash = SHA256()
        hash.update(data: Array("capstan.tournament.risk.\(kind)\u{0}".utf8))
        hash.update(data: tenant.id.bytes)
        hash.update(data: Array(text.utf8))
        return Int64(bitPattern: hash.finalize().prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }
}
