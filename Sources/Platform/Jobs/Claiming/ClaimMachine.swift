import Base

/// What a worker asks the database for in one go: so many jobs of each of some queues.
struct ClaimRound: Sendable, Hashable {
    var asks: [ClaimAsk]
    var take: Int
    /// The kind, where its limits decide how many may be taken.
    var limitedKind: String?
}

/// Decides what is asked for, and when to look: pure.
///
/// It knows the queues that have jobs (heads) from word of commits and from looks. Tenants take turns; of a tenant the most
/// urgent queues are asked first. Where a queue's scan begins is remembered, so that it never meets what was taken before.
struct ClaimMachine: Sendable {
    enum Bounds {
        /// Queues known at once; of more, a look finds the rest when there is room.
        static let heads = 4_096
        /// Queues in one statement.
        static let asks = 64
        /// Jobs of one queue in one statement.
        static let take = 512
        /// Pauses of a queue that was empty, doubled seven times, before it is forgotten.
        static let quiet = Duration.milliseconds(10)
        static let missesMax = 7
        static let lookMin = Duration.milliseconds(100)
        /// Looks take at most this part of the time.
        static let lookShare = 20
        /// Queues that a look leaves out, and jobs that must have been taken from one since it became known.
        static let skips = 64
        static let skippedFrom = 1_000
        /// Queues of tenants that have nothing here, and jobs of each, that are taken although there is no room.
        static let newcomers = 8
        static let newcomersJobs = 16
        /// A queue that its limit holds shut is tried again after this.
        static let shut = Duration.milliseconds(250)
    }

    struct Key: Hashable, Sendable {
        let tenant: Tenant
        let queue: QueueName
    }

    private struct Head: Sendable {
        var from: ID<Job>
        var misses = 0
        var taken = 0
        var quietUntil = Duration.zero
    }

    /// What is known of kinds.
    struct Kind: Sendable {
        var batchMax = 1
        var isLimited = false
    }

    private let kinds: [String: Kind]
    private let lookMax: Duration
    private var heads: [Key: Head] = [:]
    private var turns: [Tenant: UInt64] = [:]
    private var lastTurn: UInt64 = 0
    private var lookPause = Bounds.lookMin
    private(set) var nextLook = Duration.zero
    /// Before then a look would take more than its part of the time.
    private var lookFloor = Duration.zero
    private var mustSeeAll = false
    /// Where the next look begins: behind the last head of a look that was cut.
    private(set) var lookFrom: QueueHead?

    init(kinds: [String: Kind], lookMax: Duration) {
        self.kinds = kinds
        self.lookMax = lookMax
    }

    var headCount: Int { heads.count }

    // MARK: What comes in

    /// Takes word of a job in a queue.
    mutating func learn(_ tenant: Tenant, _ queue: QueueName, first: ID<Job>) {
        guard kinds[queue.kind] != nil else { return }
        let key = Key(tenant: tenant, queue: queue)
        if var head = heads[key] {
            head.from = min(head.from, first)
            head.misses = 0
            head.quietUntil = .zero
            heads[key] = head
        } else if heads.count < Bounds.heads {
            heads[key] = Head(from: first)
        } else {
            nextLook = .zero
        }
    }

    /// Has the next turn look at all of the tables.
    mutating func wantLook() {
        nextLook = .zero
        mustSeeAll = true
    }

    /// Has the next turn look for what else has come.
    mutating func lookSoon() { nextLook = .zero }

    /// Busy queues, which the next look leaves out: of what is in them word has come, and dead rows stand before it.
    var skips: [Key] {
        guard !mustSeeAll else { return [] }
        let busy = heads.filter { $0.value.misses == 0 && $0.value.taken >= Bounds.skippedFrom }
        return busy.sorted { $0.value.taken > $1.value.taken }.prefix(Bounds.skips).map(\.key)
    }

    /// Takes it that a look was given up.
    mutating func missedLook(took: Duration, at now: Duration) {
        lookFloor = now + min(took * Bounds.lookShare, .seconds(60))
        nextLook = lookFloor
    }

    /// Whether nothing is known of and looks have found nothing for long: then signs of life ask in their place.
    var isResting: Bool { heads.isEmpty && lookFrom == nil && lookPause >= lookMax && nextLook > .zero }

    /// Leaves out a look that would find nothing.
    mutating func passLook(at now: Duration) { nextLook = now + lookPause }

    /// Takes what a look has shown.
    mutating func looked(_ result: LookResult, took: Duration, at now: Duration) {
        var isNews = false
        for head in result.heads where kinds[head.queue.kind] != nil {
            let key = Key(tenant: head.tenant, queue: head.queue)
            if heads[key] == nil || (heads[key]?.misses ?? 0) > 0 { isNews = true }
            learn(head.tenant, head.queue, first: head.first)
        }
        lookFrom = result.isCut ? result.heads.last : nil
        mustSeeAll = mustSeeAll && result.isCut
        lookPause = isNews ? Bounds.lookMin : min(lookPause * 2, lookMax)
        lookFloor = now + min(took * Bounds.lookShare, .seconds(60))
        nextLook = max(now + (result.isCut ? .zero : lookPause), lookFloor)
    }

    /// Takes what a round has brought.
    mutating func took(_ round: ClaimRound, _ jobs: [TakenJob], at now: Duration) {
        if !jobs.isEmpty {
            lookPause = Bounds.lookMin
            nextLook = min(nextLook, max(now + lookPause, lookFloor))
        }
        var counts: [Key: (count: Int, last: ID<Job>)] = [:]
        for job in jobs {
            let key = Key(tenant: job.tenant, queue: job.queue)
            let known = counts[key]
            counts[key] = ((known?.count ?? 0) + 1, max(known?.last ?? job.id, job.id))
        }
        for ask in round.asks {
            let key = Key(tenant: ask.tenant, queue: ask.queue)
            guard var head = heads[key] else { continue }
            // Word that came while the claim was under way may have moved the place back.
            if let found = counts[key], head.from >= ask.from { head.from = max(head.from, found.last) }
            head.taken += counts[key]?.count ?? 0
            if (counts[key]?.count ?? 0) >= round.take {
                head.misses = 0
                head.quietUntil = .zero
            } else if round.limitedKind != nil {
                head.quietUntil = now + Bounds.shut
                head.misses += 1
            } else {
                head.quietUntil = now + Bounds.quiet * (1 << min(head.misses, Bounds.missesMax))
                head.misses += 1
            }
            heads[key] = head.misses > Bounds.missesMax ? nil : head
        }
    }

    /// Has the queues of a limit tried at once: somebody has given something back.
    mutating func reopen(_ kinds: Set<String>) {
        for (key, head) in heads where kinds.contains(key.queue.kind) && head.misses > 0 {
            heads[key]?.quietUntil = .zero
            heads[key]?.misses = 0
        }
    }

    // MARK: What is asked for

    /// What to ask for now.
    ///
    /// - Parameters:
    ///   - room: Jobs that each lane has room for.
    ///   - present: Tenants that have jobs waiting in this process, by lane: without room, only others get a few.
    ///   - kindRoom: Jobs of a kind that may be taken; `nil` for as many as the lane has room for.
    ///   - now: The own uptime.
    /// - Returns: Rounds, each to be asked for in one go.
    mutating func rounds(
        room: [JobLane: Int], present: [JobLane: Set<Tenant>], kindRoom: (String) -> Int?, at now: Duration
    ) -> [ClaimRound] {
        var rounds: [ClaimRound] = []
        for lane in JobLane.allCases {
            guard let free = room[lane] else { continue }
            let chosen = choose(lane, free: free, present: present[lane] ?? [], at: now)
            guard !chosen.isEmpty else { continue }
            let share =
                free > 0 ? max(1, min(Bounds.take, (free + chosen.count - 1) / chosen.count)) : Bounds.newcomersJobs
            var plain = ClaimRound(asks: [], take: share)
            for key in chosen {
                guard let head = heads[key], let kind = kinds[key.queue.kind] else { continue }
                let ask = ClaimAsk(tenant: key.tenant, queue: key.queue, from: head.from)
                let wanted = share * kind.batchMax
                let limited = kindRoom(key.queue.kind)
                if let limited, limited <= 0 { continue }
                if kind.isLimited || kind.batchMax > 1 || limited != nil {
                    rounds.append(
                        ClaimRound(
                            asks: [ask], take: min(wanted, limited ?? wanted, Bounds.take),
                            limitedKind: kind.isLimited ? key.queue.kind : nil))
                } else {
                    plain.asks.append(ask)
                }
            }
            if !plain.asks.isEmpty { rounds.append(plain) }
        }
        return rounds
    }

    /// Queues of a lane: of each tenant the most urgent ones, tenants in turn.
    private mutating func choose(
        _ lane: JobLane, free: Int, present: Set<Tenant>, at now: Duration
    ) -> [Key] {
        var best: [Tenant: [Key]] = [:]
        for (key, head) in heads where key.queue.lane == lane && head.quietUntil <= now {
            if free <= 0, present.contains(key.tenant) { continue }
            guard let others = best[key.tenant]?.first?.queue.priority else {
                best[key.tenant] = [key]
                continue
            }
            if key.queue.priority < others {
                best[key.tenant] = [key]
            } else if key.queue.priority == others {
                best[key.tenant]?.append(key)
            }
        }
        let limit = free > 0 ? min(Bounds.asks, max(free, 1)) : Bounds.newcomers
        var chosen: [Key] = []
        for tenant in best.keys.sorted(by: { (turns[$0] ?? 0, $0.id) < (turns[$1] ?? 0, $1.id) }) {
            guard chosen.count < limit else { break }
            lastTurn += 1
            turns[tenant] = lastTurn
            // A tenant with many queues takes no more than its part.
            let queues = (best[tenant] ?? []).sorted { $0.queue < $1.queue }
            let part = max(1, limit / best.count)
            let start = queues.count > part ? Int(lastTurn % UInt64(queues.count)) : 0
            for offset in 0..<min(part, queues.count) { chosen.append(queues[(start + offset) % queues.count]) }
        }
        if turns.count > Bounds.heads { turns = turns.filter { best[$0.key] != nil } }
        return Array(chosen.prefix(limit))
    }

    /// When something may be asked for again without further word.
    func nextChange(after now: Duration) -> Duration {
        heads.values.reduce(nextLook) { $1.quietUntil > now ? min($0, $1.quietUntil) : $0 }
    }

    /// Whether some queue would be asked for if there were room.
    func hasReady(at now: Duration) -> Bool { heads.values.contains { $0.quietUntil <= now } }
}
