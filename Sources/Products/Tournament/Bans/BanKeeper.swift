import Base
import Coordination
import ServiceLifecycle
import Storage
import Synchronization
import Telemetry

/// Knows all banned voters from memory, so that a request is refused without a statement.
///
/// The node that bans knows at once, the others as soon as the bus has told them, and at the latest at their next look. A
/// vote's own statement reads the mark of the voter too: between two looks nothing is counted either.
final class BanKeeper: Service {
    enum Bounds {
        /// Banned voters in memory; those who were banned longest ago are then told by the vote's statement.
        static let voters = 500_000
        /// Time between two looks where no bus tells, and where one does.
        static let lookEvery: Duration = .seconds(2)
        static let lookBesideBus: Duration = .seconds(30)
        /// How far each look reaches back, for commits that became visible after later ones.
        static let overlap: Duration = .seconds(30)
        static let pagesPerLook = 200
    }

    private struct Key: Hashable {
        let tenant: Tenant
        let voter: ID<Voter>
    }

    private struct State {
        var bans = BoundedMap<Key, Ban>(capacity: Bounds.voters)
        var seen = Timestamp(microseconds: 0)
    }

    private let store: BanStore
    private let storage: Storage
    private let clock: any WallClock
    private let events: EventLog
    private let bus: (any Bus)?
    private static let topic = "tournament.bans"
    private let state = Mutex(State())

    init(storage: Storage, clock: any WallClock, events: EventLog, bus: (any Bus)? = nil) {
        self.bus = bus
        store = BanStore(storage: storage)
        self.storage = storage
        self.clock = clock
        self.events = events
    }

    func isBanned(_ voter: ID<Voter>, in tenant: Tenant) -> Bool {
        state.withLock { $0.bans[Key(tenant: tenant, voter: voter)]?.isBanned ?? false }
    }

    /// Bans a voter or lifts a ban, in the caller's transaction; returns the ban, to be told to ``learn(_:in:)`` after
    /// the commit, or `nil` when there is no such voter.
    func set(
        _ voter: ID<Voter>, isBanned: Bool, reason: String, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Ban? {
        let ban = Ban(voterID: voter, isBanned: isBanned, reason: reason, changedAt: clock.now())
        return try await store.set(ban, through: writing, in: tenant) ? ban : nil
    }

    /// Takes note of a decision that is committed.
    func learn(_ ban: Ban, in tenant: Tenant) {
        state.withLock { Self.take(ban, Key(tenant: tenant, voter: ban.voterID), &$0) }
    }

    /// Takes note of a decision that is committed, and tells the other nodes.
    func announce(_ ban: Ban, in tenant: Tenant) async {
        learn(ban, in: tenant)
        // What is lost here is read from the table.
        try? await bus?.publish(Array("\(tenant.id)".utf8), to: Self.topic)
    }

    /// Learns of decisions of other nodes: one statement, or one for each 5,000.
    func refresh() async throws {
        var after = (time: state.withLock { $0.seen } - Bounds.overlap, voter: ID<Voter>(high: 0, low: 0))
        for _ in 0..<Bounds.pagesPerLook {
            let changes = try await store.changes(after: after.time, voter: after.voter)
            state.withLock { state in
                for change in changes {
                    Self.take(change.ban, Key(tenant: change.tenant, voter: change.ban.voterID), &state)
                    state.seen = max(state.seen, change.ban.changedAt)
                }
            }
            guard changes.count == BanStore.Bounds.changesPerLook, let last = changes.last else { return }
            after = (last.ban.changedAt, last.ban.voterID)
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            await withTaskGroup { group in
                group.addTask { await self.lookAgainAndAgain() }
                // It ends by cancellation alone, which is what ends all of this.
                group.addTask { try? await self.bus?.follow(Self.topic, clock: self.clock) { _ in await self.look() } }
                await group.waitForAll()
            }
        }
    }

    private func lookAgainAndAgain() async {
        while !Task.isCancelled {
            await look()
            // Cancellation ends the loop, which is what it asks for.
            try? await clock.sleep(for: bus == nil ? Bounds.lookEvery : Bounds.lookBesideBus)
        }
    }

    private func look() async {
        do {
            try await refresh()
        } catch let error as StorageError where error.code != .cancelled {
            events.record(.fairnessFailed, ["duty": "bans", "code": .text(error.code.rawValue)])
        } catch {
            // How it is told to stop.
        }
    }

    private static func take(_ ban: Ban, _ key: Key, _ state: inout State) {
        if let known = state.bans[key], known.changedAt > ban.changedAt { return }
        state.bans[key] = ban
    }
}
