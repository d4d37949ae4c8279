import Accounts
import Base
import BaseTestKit
import Blobs
import Caching
import Coordination
import Foundation
import Hosting
import Jobs
import NIOCore
import Realtime
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Discovery

/// A database with the product's tables, a clock that stands still, creators, and the parts that lists need.
final class ListStage: Sendable {
    let storage: Storage
    let clock: SimClock
    let chance: SeededRandomness
    let room: WorkroomDesk
    let blobs: any BlobStore
    let tenant = Tenant(ID(high: 0x1111, low: 0x2222))
    let other = Tenant(ID(high: 0x3333, low: 0x4444))
    let started = Shared<[SearchWish]>([])
    let backend: Backend

    static let modules =
        [DiscoverySchema.module, AccountsSchema.module, ProductPlans.hostingSchema, JobsSchema.module]

    private init(driver: any StorageDriver, backend: Backend, folder: String) async throws {
        self.backend = backend
        clock = SimClock()
        chance = SeededRandomness(seed: 5)
        storage = Storage(
            driver: driver, modules: Self.modules, cursorKey: Backend.cursorKey,
            clock: ImpatientClock(simulated: clock), randomness: chance)
        blobs = try await DiskBlobs(
            root: folder, clock: clock, randomness: chance, events: .silent(clock: clock, products: []))
        room = Self.makeRoom(storage, blobs, clock, chance, started)
    }

    private static func makeRoom(
        _ storage: Storage, _ blobs: any BlobStore, _ clock: SimClock, _ chance: SeededRandomness,
        _ started: Shared<[SearchWish]>
    ) -> WorkroomDesk {
        let caches = CacheRegistry(clock: clock, randomness: chance)
        storage.addObserver(caches)
        return WorkroomDesk(
            storage: storage, caches: caches, blobs: blobs,
            realtime: Realtime(
                storage: storage, bus: InProcessBus(), clock: clock, randomness: SystemRandomness(),
                events: .silent(clock: clock, products: [])),
            notifications: Notifications(storage: storage, clock: clock, randomness: chance), clock: clock,
            randomness: chance,
            nameOf: { person, _ in
                person == ListStage.person(1) ? "Mara" : person == ListStage.person(2) ? "Jonas" : nil
            },
            start: { wish, saved, _ in
                if wish.keywords == ["refused"] { throw DiscoveryError(.searchActive, "A search is running.") }
                started.withLock { $0.append(wish) }
                return ID(high: saved.id.high, low: 1)
            })
    }

    /// Opens a new database, runs `body` and removes it.
    static func with(_ backend: Backend, _ body: (ListStage) async throws -> Void) async throws {
        let driver = try await backend.leaseDriver(modules: modules)
        let folder = FileManager.default.temporaryDirectory.appending(path: "capstan-lists-\(UUID().uuidString)")
        // The folder of a test that failed early is not there.
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(try await ListStage(driver: driver, backend: backend, folder: folder.path))
    }

    // MARK: People

    static func person(_ number: Int) -> ID<Person> { ID(high: 7, low: UInt64(number)) }

    let mara = Asker(person: ListStage.person(1), seat: .owner)
    let jonas = Asker(person: ListStage.person(2), seat: .editor)
    let aiko = Asker(person: ListStage.person(3), seat: .editor)
    let sam = Asker(person: ListStage.person(4), seat: .viewer)

    func site() async throws -> TestSite {
        let tenant = tenant
        return try await TestSite(room.routes, clock: clock) { services in
            services.tenants = SingleTenant(tenant)
        }
    }

    func session(_ asker: Asker, on site: TestSite) async throws -> (name: String, value: String) {
        let token = try await site.services.sessions.sign(
            asker.person, in: tenant, role: asker.seat.role, version: 1)
        return ("cookie", "\(Sessions.cookieName)=\(token)")
    }

    // MARK: Making things

    func creatorID(_ number: Int) -> ID<Creator> { ID(high: 0xC0, low: UInt64(number)) }

    /// Creators by number: each has that many hundred followers, every tenth none that anybody knows.
    func makeCreators(_ numbers: Range<Int>, in tenant: Tenant? = nil) async throws {
        let tenant = tenant ?? self.tenant
        let now = clock.now()
        for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 1_000) {
            let some = Array(start..<min(start + 1_000, numbers.upperBound))
            _ = try await storage.write(for: tenant) { transaction in
                try await transaction.execute(
                    "test.creators",
                    """
                    WITH input (id, external_id, handle, name, followers, email) AS (
                        \(rows: SQLRows(
                            some, { self.creatorID($0) }, { "x\($0)" }, { "maker\($0)" }, { "Maker, no. \($0)" },
                            { $0 % 10 == 0 ? Int64?.none : Int64($0) * 100 }, { $0 % 2 == 0 ? "m\($0)@example.org" : nil })))
                    INSERT INTO creators (tenant_id, id, platform, external_id, handle, name, bio, followers, engagement,
                        email, links, words, created_at, updated_at)
                    SELECT \(tenant), i.id, 'tiktok', i.external_id, i.handle, i.name, '=1+1', i.followers, 42000, i.email,
                        \(value: .json("[]")), i.handle, \(now), \(now) FROM input i WHERE true
                    """)
            }
        }
    }

    func makeList(
        _ name: String = "A list", by asker: Asker? = nil, visibility: CreatorList.Visibility = .team,
        fields: [ListField] = [.stage]
    ) async throws -> CreatorList {
        try await room.lists.create(
            ListDesk.Draft(name: name, visibility: visibility, fields: fields), by: asker ?? mara, in: tenant
        ).list
    }

    /// A search that has found creators.
    func makeSearch(_ numbers: Range<Int>, campaign: ID<Campaign>? = nil) async throws -> ID<Search> {
        let id = ID<Search>(at: clock.now(), using: chance)
        let now = clock.now()
        _ = try await storage.write(for: tenant) { transaction in
            try await transaction.execute(
                "test.search",
                """
                INSERT INTO searches (tenant_id, id, person_id, campaign_id, title, platforms, region, target, exclusions,
                    state, creators_found, reservation_id, created_at, deadline_at)
                VALUES (\(tenant), \(id), \(mara.person), \(campaign), 'trail running', 'tiktok', 'US', 1000,
                    \(value: .json("{}")), 'completed', \(numbers.count), \(id), \(now), \(now))
                """)
        }
        for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 1_000) {
            let some = Array(start..<min(start + 1_000, numbers.upperBound))
            _ = try await storage.write(for: tenant) { transaction in
                try await transaction.execute(
                    "test.matches",
                    """
                    WITH input (creator_id, sequence) AS (
                        \(rows: SQLRows(some, { self.creatorID($0) }, { $0 - numbers.lowerBound + 1 })))
                    INSERT INTO matches (tenant_id, search_id, creator_id, sequence, keywords, is_charged, found_at)
                    SELECT \(tenant), \(id), i.creator_id, i.sequence, 1, \(true), \(now) FROM input i WHERE true
                    """)
            }
        }
        return id
    }

    // MARK: Looking

    private struct Recount: RowDecodable {
        let bucket: String
        let entries: Int
        let followers: Int64
        let counted: Int
        let summed: Int64

        init(row: SQLRow) throws(StorageError) {
            bucket = try row.value(at: 0)
            entries = try row.value(at: 1)
            followers = try row.value(at: 2)
            counted = try row.value(at: 3)
            summed = try row.value(at: 4)
        }
    }

    /// What must hold at every commit: totals are what the entries say.
    func checkTotals(of list: ID<CreatorList>, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let rows = try await storage.reader(for: tenant).list(
            Recount.self, "test.recount",
            """
            SELECT t.bucket, t.entries, t.followers_sum,
                (SELECT count(*) FROM list_entries e WHERE e.tenant_id = \(tenant) AND e.list_id = t.list_id
                    AND e.removed_at IS NULL AND (t.bucket = '' OR e.bucket = t.bucket)),
                (SELECT CAST(coalesce(sum(e.followers), 0) AS bigint) FROM list_entries e WHERE e.tenant_id = \(tenant)
                    AND e.list_id = t.list_id AND e.removed_at IS NULL AND (t.bucket = '' OR e.bucket = t.bucket))
            FROM bucket_totals t WHERE t.tenant_id = \(tenant) AND t.list_id = \(list)
            """, limit: 50)
        #expect(!rows.isEmpty, sourceLocation: sourceLocation)
        for row in rows {
            #expect(
                row.entries == row.counted && row.followers == row.summed,
                "\(row.bucket): \(row.entries) and \(row.followers), counted \(row.counted) and \(row.summed)",
                sourceLocation: sourceLocation)
        }
    }

    /// All cards of a list by bucket, in the order of the board.
    func cards(of list: ID<CreatorList>, as asker: Asker? = nil) async throws -> [String: [EntryCard]] {
        let board = try await room.lists.board(list, for: asker ?? mara, in: tenant)
        return try await room.entries.store.firstCards(
            of: list, buckets: board.buckets.map(\.bucket), each: 25, in: tenant)
    }
}
