import Base
import Jobs
import Storage
import Telemetry

/// Groups the votes of open slots into cases every five minutes, and goes on with removals that are under way.
///
/// Any number may run at once: a case has one row for each fingerprint and slot, and a batch of a removal takes out only
/// what still counts.
struct FraudJobs: Sendable {
    enum Bounds {
        static let lookEvery: Duration = .seconds(300)
        /// Slots of one look.
        static let slots = 500
        /// Removals of one look.
        static let removals = 100
        /// Votes beyond a decided case that are worth a new one.
        static let remainder = 5
    }

    private let storage: Storage
    private let removal: RemovalSteps
    private let clock: any WallClock
    private let randomness: any Randomness
    private let events: EventLog

    init(
        storage: Storage, removal: RemovalSteps, clock: any WallClock, randomness: any Randomness, events: EventLog
    ) {
        self.storage = storage
        self.removal = removal
        self.clock = clock
        self.randomness = randomness
        self.events = events
    }

    /// Goes on with removals: enqueued by who begins one, for the time when that request is over or its process dead.
    static let removals = JobKind<NoJobInput>(
        "tournament.fraud.remove", attemptsMax: 10, timeout: .seconds(3_600), isKept: false)
    static let grouping = JobKind<NoJobInput>(
        "tournament.fraud.group", lane: .bulk, attemptsMax: 3, timeout: .seconds(1_800),
        unique: .whilePendingOrRunning, isKept: false)

    var handlers: [JobHandler] {
        [
            Self.removals.handler { _, _ in await finishRemovals() },
            Self.grouping.handler { _, _ in
                await finishRemovals()
                await look()
            },
        ]
    }

    var schedules: [JobSchedule] {
        [
            JobSchedule(
                "tournament.fraud.group", every: Bounds.lookEvery, Self.grouping, NoJobInput(),
                onlyIf: { try await FraudStore(storage: storage).watched(limit: 1).isEmpty == false })
        ]
    }

    /// Goes on with all removals that are under way, also those of a process that died.
    func finishRemovals() async {
        await reporting("removals") { [self] in
            for open in try await removal.openRemovals(limit: Bounds.removals) {
                await reporting("removal") { [self] in
                    _ = try await removal.run(
                        open.removalID, of: open.slotID, case: open.caseID, batchesMax: .max, in: open.tenant)
                }
            }
        }
    }

    /// Groups the votes of all slots that are voted on or under review.
    func look() async {
        await reporting("grouping") { [self] in
            for slot in try await FraudStore(storage: storage).watched(limit: Bounds.slots) {
                guard !Task.isCancelled else { return }
                await reporting("grouping") { [self] in try await group(slot.slotID, in: slot.tenant) }
            }
        }
    }

    /// Groups the votes of a slot; the same evidence again changes nothing.
    @discardableResult
    func group(_ slot: ID<Slot>, in tenant: Tenant) async throws -> [ID<FraudCase>] {
        let cases = FraudStore(storage: storage)
        var evidence: [Evidence] = []
        try await RiskStore(storage: storage).evidence(
            of: slot, limit: SuspicionRules.Bounds.evidence, in: tenant
        ) { evidence += $0 }
        let suspicions = SuspicionRules.suspicions(evidence)
        guard !suspicions.isEmpty else { return [] }
        let known = try await cases.known(slot, in: tenant)
        let decided = try await cases.decidedVotes(of: slot, in: tenant)
        var opened: [ID<FraudCase>] = []
        for suspicion in suspicions {
            if let id = try await open(suspicion, in: slot, known: known, decided: decided, tenant: tenant) {
                opened.append(id)
            }
        }
        return opened
    }

    private func open(
        _ suspicion: Suspicion, in slot: ID<Slot>, known: [FraudCase], decided: [String: Set<ID<Vote>>], tenant: Tenant
    ) async throws -> ID<FraudCase>? {
        // A pattern that goes on after a decision is a case of its own, about the votes that came since.
        let before = known.filter { $0.state != .open && Self.pattern($0.fingerprint) == suspicion.fingerprint }
        let settled = before.reduce(into: Set<ID<Vote>>()) { $0.formUnion(decided[$1.fingerprint ?? ""] ?? []) }
        let votes = suspicion.votes.subtracting(settled).sorted()
        guard before.isEmpty || votes.count >= Bounds.remainder else { return nil }
        let fingerprint = before.isEmpty ? suspicion.fingerprint : "\(suspicion.fingerprint)#\(before.count + 1)"
        let isNew = !known.contains { $0.fingerprint == fingerprint }
        let now = clock.now()
        let fraud = FraudCase(
            id: ID(at: now, using: AnyRandomness(randomness)), slotID: slot, reasons: suspicion.reasons,
            voters: before.isEmpty ? suspicion.voters.count : votes.count, votes: votes.count, state: .open,
            fingerprint: fingerprint, openedAt: now, decidedAt: nil, decidedBy: nil)
        let cases = FraudStore(storage: storage)
        let id = try await storage.write(for: tenant) { transaction -> ID<FraudCase>? in
            guard let id = try await cases.upsert(fraud, through: transaction, in: tenant) else { return nil }
            try await cases.add(votes, to: id, slot: slot, through: transaction, in: tenant)
            return id
        }
        if isNew, id != nil {
            events.record(
                .caseOpened,
                ["slot": .text(slot.description), "votes": .number(votes.count), "voters": .number(fraud.voters)])
        }
        return id
    }

    private static func pattern(_ fingerprint: String?) -> String? {
        fingerprint.map { String($0.prefix { $0 != "#" }) }
    }

    private func reporting(_ duty: StaticString, _ work: () async throws -> Void) async {
        do {
            try await work()
        } catch is CancellationError {
            // How it is told to stop.
        } catch let error as StorageError {
            events.record(.fairnessFailed, ["duty": .text(duty.description), "code": .text(error.code.rawValue)])
        } catch {
            events.record(.fairnessFailed, ["duty": .text(duty.description), "code": "unknown"])
        }
    }
}

extension RemovalSteps {
    /// Removals under way in all tenants.
    func openRemovals(limit: Int) async throws -> [RemovalStore.Open] {
        try await RemovalStore(storage: storage).openRemovals(limit: limit)
    }
}
