import Base
import Caching
import Storage
import Synchronization

/// Takes votes and takes them back: many callers' at once, each with an answer of its own after the commit.
final class VoteDesk: Sendable {
    enum Bounds {
        /// Voters that this node remembers to have a row.
        static let knownVoters = 200_000
        /// How often a group is tried for votes that nothing stands against any more.
        static let attempts = 4
        /// Groups of one node that are counted at the same time on PostgreSQL, each in a lane of its own.
        ///
        /// While one is made durable the next is counted. SQLite has one writer.
        static let tills = 2
    }

    let store: VoteStore
    /// The lane of tallies that this node writes.
    let lane: Int
    /// Where votes are counted; a voter always comes to the same one.
    let tills: [WriteCombiner<VoteAsk, VoteOutcome>]
    let withdrawing: WriteCombiner<WithdrawAsk, WithdrawOutcome>
    private let timetable: Timetable
    private let clock: any WallClock
    private let randomness: any Randomness

    /// - Parameters:
    ///   - storage: where votes are kept.
    ///   - timetable: gives the season's rules.
    ///   - lane: the lane of tallies that this node writes, 0 to 15.
    ///   - clock: decides the freeze, the day and the time of votes.
    ///   - randomness: makes ids.
    ///   - onChange: hears of slots whose totals have changed.
    init(
        storage: Storage, timetable: Timetable, lane: Int, clock: any WallClock, randomness: any Randomness,
        onChange: @escaping @Sendable (Tenant, Set<ID<Slot>>) -> Void = { _, _ in }
    ) {
        precondition((0..<16).contains(lane), "the lane \(lane) is outside of 0 to 15")
        let store = VoteStore(storage: storage)
        self.store = store
        self.lane = lane
        self.timetable = timetable
        self.clock = clock
        self.randomness = randomness
        let known = KnownVoters(capacity: Bounds.knownVoters)
        let flushes = (0..<(storage.dialect == .postgres ? Bounds.tills : 1)).map { till in
            VoteFlush(
                store: store, timetable: timetable, lane: (lane + till * 16 / Bounds.tills) % 16, stripe: till,
                clock: clock, known: known, onChange: onChange)
        }
        var settings = CombinerSettings(for: storage.dialect)
        settings.groupMax = VoteStore.Bounds.group
        tills = flushes.map { flush in
            WriteCombiner(name: "vote.cast", settings: settings, key: { $0.voter.id }) { tenant, asks in
                try await flush.cast(asks, for: tenant).map { .success($0) }
            }
        }
        let flush = flushes[0]
        withdrawing = WriteCombiner(name: "vote.withdraw", settings: settings, key: { $0.voterID }) { tenant, asks in
            try await flush.withdraw(asks, for: tenant).map { .success($0) }
        }
        self.flush = flush
    }

    private let flush: VoteFlush

    /// Casts a vote.
    ///
    /// - Parameters:
    ///   - kind: normal, super or mega.
    ///   - clipID: the clip.
    ///   - voter: who votes.
    ///   - tenant: where.
    ///   - request: what the client calls this request: the same one again gets the first answer.
    ///   - moves: whether a standing vote on another clip of the slot gives way, as there is one per slot.
    ///   - weightMax: what the voter may spend a day where that is less than the season allows. Defaults to `nil`.
    /// - Returns: The vote, or why it was refused; a refusal has spent nothing.
    /// - Throws: `StorageError` when the vote could not be written.
    func cast(
        _ kind: Vote.Kind, on clipID: ID<Clip>, by voter: Voter, in tenant: Tenant, request: Int64? = nil,
        moves: Bool = false, weightMax: Int? = nil
    ) async throws -> VoteOutcome {
        var ask = VoteAsk(
            id: ID(at: clock.now(), using: randomness), clipID: clipID, voter: voter, kind: kind, request: request)
        ask.weightMax = weightMax
        if moves { return try await flush.move(ask, for: tenant) }
        return try await tills[Int(voter.id.low % UInt64(tills.count))].submit(ask, for: tenant)
    }

    /// Takes a vote back.
    func withdraw(from clipID: ID<Clip>, by voter: Voter, in tenant: Tenant) async throws -> WithdrawOutcome {
        try await withdrawing.submit(WithdrawAsk(voterID: voter.id, clipID: clipID), for: tenant)
    }

    /// What a voter has done in a slot and may still spend today: one statement.
    func record(
        of voter: Voter, in slot: ID<Slot>, rules: SeasonRules, tenant: Tenant
    ) async throws -> VoterRecord {
        try await store.record(
            of: voter.id, in: slot, frame: VoteGroupFrame(tenant: tenant, rules: rules, now: clock.now(), lane: lane))
    }
}

/// What became of a vote.
enum VoteOutcome: Sendable, Hashable {
    case cast(CastVote)
    case refused(VoteRefusal)
}

/// What became of taking a vote back.
enum WithdrawOutcome: Sendable, Hashable {
    case withdrawn(WithdrawnVote)
    case refused(WithdrawRefusal)
}

/// Voters of whom this node knows that they have a row.
final class KnownVoters: Sendable {
    private let known: Mutex<BoundedMap<ID<Voter>, Bool>>

    init(capacity: Int) { known = Mutex(BoundedMap(capacity: capacity)) }

    /// The asks, with newcomers marked.
    func marking(_ asks: [VoteAsk]) -> [VoteAsk] {
        known.withLock { known in
            asks.map { ask in
                var ask = ask
                ask.isNewVoter = known[ask.voter.id] == nil
                return ask
            }
        }
    }

    func insert(_ voters: some Sequence<ID<Voter>>) {
        known.withLock { known in for voter in voters where known[voter] == nil { known[voter] = true } }
    }
}
