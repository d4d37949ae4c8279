import Accounts
import Base
import BaseTestKit
import Caching
import Hosting
import Jobs
import Logging
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Testing
import Web
import WebTestKit

@testable import Tournament

/// A database with the product's tables, a clock that stands still, and the parts that votes need.
final class Stage: Sendable {
    let storage: Storage
    let clock: SimClock
    let chance: SeededRandomness
    let caches: CacheRegistry
    let house: Playhouse
    let flags: FeatureFlags
    let statements = RecordedStatements()
    let tenant = Tenant(ID(high: 0x1111, low: 0x2222))

    private init(driver: any StorageDriver, seed: UInt64) throws {
        clock = SimClock()
        chance = SeededRandomness(seed: seed)
        storage = Storage(
            driver: driver, modules: Self.modules, cursorKey: Backend.cursorKey, clock: clock, randomness: chance)
        caches = CacheRegistry(clock: clock, randomness: chance)
        storage.addObserver(caches)
        flags = try FeatureFlags(
            Playhouse.Flags.all, storage: storage, clock: clock, logger: Logger(label: "test"))
        house = Playhouse(
            storage: storage, caches: caches, clock: clock, randomness: chance, lane: 3, logger: Logger(label: "test")
        ) { [flags] flag, tenant in flags.isOn(flag, for: tenant) }
    }

    static let modules = [
        JobsSchema.module, TournamentSchema.module, AccountsSchema.module, ProductPlans.hostingSchema,
    ]

    var timetable: Timetable { house.timetable }
    var desk: VoteDesk { house.votes }
    var steps: SlotSteps { house.steps }

    /// Another node on the same database, with caches of its own.
    func otherNode(lane: Int = 4, captcha: CaptchaKind = .none) -> Playhouse {
        let caches = CacheRegistry(clock: clock, randomness: chance)
        return Playhouse(
            storage: storage, caches: caches, clock: clock, randomness: chance, lane: lane,
            logger: Logger(label: "other"), captcha: captcha
        ) { [flags] flag, tenant in flags.isOn(flag, for: tenant) }
    }

    /// The product's API at this stage.
    func site() async throws -> TestSite {
        let tenant = tenant
        return try await TestSite(TournamentProduct.api(house, flags: flags), clock: clock) { services in
            services.tenants = SingleTenant(tenant)
        }
    }

    /// The header that carries a session of a person at this stage.
    func session(
        _ person: ID<Person>, role: Role, on site: TestSite
    ) async throws -> (name: String, value: String) {
        let token = try await site.services.sessions.sign(person, in: tenant, role: role, version: 1)
        return ("cookie", "\(Sessions.cookieName)=\(token)")
    }

    /// Opens a new database, runs `body` and removes it.
    static func with(_ backend: Backend, seed: UInt64 = 1, _ body: (Stage) async throws -> Void) async throws {
        let driver = try await backend.leaseDriver(modules: modules)
        try await body(try Stage(driver: driver, seed: seed))
    }

    // MARK: Making things

    /// A season that is on, with slots of which the first is being voted on, and clips in the first two.
    struct Scene: Sendable {
        let season: Season
        let track: Track
        let slots: [Slot]
        let clips: [Clip]
        let laterClips: [Clip]
    }

    func openSeason(
        slots count: Int = 3, clips clipCount: Int = 5, rules: SeasonRules = SeasonRules()
    ) async throws -> Scene {
        let now = clock.now()
        let season = Season(
            id: ID(at: now, using: chance), title: "A season", state: .active, rules: rules, createdAt: now)
        let track = Track(id: ID(at: now, using: chance), seasonID: season.id, name: "main", weight: 1)
        let slots = (0..<count).map { index in
            let opensAt = now + rules.slotLength * index
            return Slot(
                id: ID(at: now, using: chance), seasonID: season.id, trackID: track.id, position: index + 1,
                state: index == 0 ? .voting : .upcoming, opensAt: opensAt,
                freezesAt: opensAt + rules.slotLength - rules.freeze, closesAt: opensAt + rules.slotLength,
                extensions: 0)
        }
        let clips = (0..<clipCount).map { clip($0, in: slots[0]) }
        let later = count > 1 ? (0..<clipCount).map { clip($0 + clipCount, in: slots[1]) } : []
        let salt = chance.bytes(32)
        try await storage.write(for: tenant) { transaction in
            try await timetable.seasons.insert(season, salt: salt, tracks: [track], through: transaction, in: tenant)
            try await timetable.slots.insert(
                slots.map { ($0, $0.position == 1 ? $0.freezesAt : nil) }, through: transaction, in: tenant)
            try await timetable.clips.insert(clips + later, through: transaction, in: tenant)
            transaction.afterCommit(.invalidate(tag: Timetable.Tag.season))
        }
        return Scene(season: season, track: track, slots: slots, clips: clips, laterClips: later)
    }

    private func clip(_ index: Int, in slot: Slot) -> Clip {
        Clip(
            id: ID(at: clock.now(), using: chance), seasonID: slot.seasonID, trackID: slot.trackID, slotID: slot.id,
            personID: ID(high: 9, low: UInt64(index)), title: "Clip \(index)", credit: "Maker \(index)",
            genre: .drama, state: .active, activeAt: slot.opensAt, files: Clip.Files(), milliseconds: 8_000,
            bytes: 500_000)
    }

    func voter(_ number: Int) -> Tournament.Voter { Voter(device: ID(high: 77, low: UInt64(number)), in: tenant) }

    // MARK: Looking

    /// What must hold at every commit: tallies and allowances are what the votes say.
    func checkSums(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let reader = storage.reader(for: tenant)
        let wrongTallies = try await reader.list(
            TextRow.self, "check.tallies",
            """
            SELECT CAST(a.clip_id AS text) FROM (
                SELECT clip_id, sum(score) AS score, sum(votes) AS votes FROM clip_tallies
                WHERE tenant_id = \(tenant) GROUP BY clip_id) a
            LEFT JOIN (
                SELECT clip_id, sum(weight) AS score, count(*) AS votes FROM votes
                WHERE tenant_id = \(tenant) AND withdrawn_at IS NULL AND removal_id IS NULL GROUP BY clip_id) b
            ON a.clip_id = b.clip_id
            WHERE a.score <> coalesce(b.score, 0) OR a.votes <> coalesce(b.votes, 0)
            """, limit: 100)
        #expect(wrongTallies.isEmpty, "tallies differ from votes", sourceLocation: sourceLocation)
        let wrongDays = try await reader.list(
            TextRow.self, "check.days",
            """
            SELECT CAST(d.voter_id AS text) FROM vote_days d
            WHERE d.tenant_id = \(tenant) AND (d.weight_used > 200 OR d.weight_used <> (
                SELECT coalesce(sum(v.weight), 0) FROM votes v WHERE v.tenant_id = \(tenant)
                    AND v.voter_id = d.voter_id AND v.day = d.day AND v.withdrawn_at IS NULL))
            """, limit: 100)
        #expect(wrongDays.isEmpty, "allowances differ from votes", sourceLocation: sourceLocation)
    }

    func totals(of slot: Slot) async throws -> (votes: Int, score: Int) {
        let tallies = try await timetable.clips.tallies(of: slot.id, in: tenant)
        return (tallies.reduce(0) { $0 + $1.votes }, tallies.reduce(0) { $0 + $1.score })
    }
}

struct TextRow: RowDecodable {
    init(row: SQLRow) throws(StorageError) {}
}

/// Something that tasks of a test write together.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<Result: Sendable>(_ body: (inout sending Value) -> Result) -> Result {
        value.withLock { body(&$0) }
    }
}
