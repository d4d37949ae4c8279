import Accounts
import Base
import BaseTestKit
import Blobs
import Coordination
import Foundation
import Jobs
import Programs
import Storage
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Tournament

/// A stage with a studio: files in a folder of its own, people with rows, and the routes of both.
final class Atelier: Sendable {
    let stage: Stage
    let blobs: DiskBlobs
    let studio: Studio
    let jobs: Jobs
    let site: TestSite
    let folder: URL
    let metrics = MetricRegistry()

    var tenant: Tenant { stage.tenant }
    var clips: ClipStore { stage.timetable.clips }
    var entries: ClipEntryStore { ClipEntryStore(storage: stage.storage) }

    private init(_ stage: Stage, folder: URL, ffmpeg: String) async throws {
        self.stage = stage
        self.folder = folder
        blobs = try await DiskBlobs(
            root: folder.appending(path: "blobs").path, clock: stage.clock, randomness: stage.chance, events: .silent())
        jobs = Self.jobs(on: stage)
        studio = Self.studio(
            stage.house, blobs, folder.appending(path: "work"), ffmpeg: ffmpeg, jobs: jobs, metrics: metrics)
        try jobs.declare(handlers: studio.handlers)
        let pages = try Pages(
            [.web, TournamentPages.bundle],
            chrome: SiteChrome(name: "Test", navigation: TournamentPages.navigation, signInPath: "/sign-in"),
            clock: stage.clock)
        let tenant = stage.tenant
        site = try await TestSite(
            TournamentProduct.api(stage.house, flags: stage.flags) + PageRoutes(house: stage.house).routes
                + studio.routes + [pages.assets.route], clock: stage.clock, pages: pages
        ) { $0.tenants = SingleTenant(tenant) }
    }

    private static func studio(
        _ house: Playhouse, _ blobs: DiskBlobs, _ work: URL, ffmpeg: String, jobs: Jobs,
        metrics: MetricRegistry = MetricRegistry()
    ) -> Studio {
        // Programs run in the machine's time, whatever the stage's clock says.
        let tools = MediaTools(
            ffmpeg: BoundedProgram(name: ffmpeg, clock: SystemClock()),
            ffprobe: BoundedProgram(name: "ffprobe", clock: SystemClock()), folder: work)
        return Studio(
            house: house, blobs: blobs, fileKey: Secret(Array(repeating: 7, count: 32)), tools: tools, tasks: 2,
            metrics: metrics, jobs: jobs)
    }

    private static func jobs(on stage: Stage) -> Jobs {
        var options = JobOptions()
        // The stage's clock stands still: who waits for it waits for ever.
        options.drain = .zero
        return Jobs(
            storage: stage.storage, clock: stage.clock, randomness: stage.chance, bus: InProcessBus(),
            bank: InProcessTokenBank(clock: stage.clock), events: .silent(clock: stage.clock), options: options)
    }

    /// Another process on the same database and files.
    func otherStudio(_ jobs: Jobs? = nil) -> Studio {
        Self.studio(
            stage.otherNode(), blobs, folder.appending(path: "other"), ffmpeg: "ffmpeg",
            jobs: jobs ?? Self.jobs(on: stage))
    }

    /// The jobs of such a process, which has all programs.
    func otherNode() throws -> Jobs {
        let jobs = Self.jobs(on: stage)
        try jobs.declare(handlers: otherStudio(jobs).handlers)
        return jobs
    }

    static func with(
        _ backend: Backend, ffmpeg: String = "ffmpeg", _ body: (Atelier) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "atelier-\(ID<Clip>(at: SystemClock().now(), using: SystemRandomness()))")
        defer { try? FileManager.default.removeItem(at: folder) }  // Litter in /tmp fails no test.
        try await Stage.with(backend) { stage in
            try await body(try await Atelier(stage, folder: folder, ffmpeg: ffmpeg))
        }
    }

    // MARK: People

    /// A person with rows, and the header that carries their session.
    struct Someone: Sendable {
        let id: ID<Person>
        let session: (name: String, value: String)
    }

    func someone(_ name: String, role: Role = .member) async throws -> Someone {
        let now = stage.clock.now()
        let id = ID<Person>(at: now, using: stage.chance)
        let tenant = tenant
        _ = try await stage.storage.write(bypassingTenant: AccountsSchema.capabilities[0]) { transaction in
            try await transaction.execute(
                "test.person",
                """
                INSERT INTO people (id, email, name, password, is_operator, created_at)
                VALUES (\(id), \("\(id)@example.com"), \(name), 'none', false, \(now))
                """)
            try await transaction.execute(
                "test.membership",
                """
                INSERT INTO memberships (tenant_id, person_id, role, is_owner, joined_at)
                VALUES (\(tenant), \(id), \(role.rawValue), false, \(now))
                """)
        }
        return Someone(id: id, session: try await stage.session(id, role: role, on: site))
    }

    /// Changes somebody's membership behind the back of their session.
    func ban(_ someone: Someone) async throws {
        let (tenant, now) = (tenant, stage.clock.now())
        _ = try await stage.storage.write(bypassingTenant: AccountsSchema.capabilities[0]) { transaction in
            try await transaction.execute(
                "test.ban",
                """
                UPDATE memberships SET banned_at = \(now) WHERE tenant_id = \(tenant) AND person_id = \(someone.id)
                """)
        }
    }

    // MARK: Uploads

    /// Enters a clip over HTTP.
    func open(
        _ someone: Someone, _ title: String = "A clip", more: String = ""
    ) async throws -> (id: ID<Clip>, url: String) {
        let answer = try await site.post(
            "/api/tournament/clips", json: #"{"title":"\#(title)","genre":"drama"\#(more)}"#,
            headers: [someone.session])
        let value = try #require(
            JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any], "\(answer.text)")
        let id = try #require((value["id"] as? String).flatMap { ID<Clip>($0) }, "\(answer.text)")
        let upload = try #require(value["upload"] as? [String: Any])
        return (id, try #require(upload["url"] as? String))
    }

    /// Sends bytes to a signed address.
    func send(_ bytes: [UInt8], to url: String) async throws -> PerformedAnswer {
        try await site.request("PUT", url, body: bytes)
    }

    /// Enters a clip and sends its bytes; returns it as it is then.
    func upload(_ bytes: [UInt8], by someone: Someone, more: String = "") async throws -> ID<Clip> {
        let (id, url) = try await open(someone, more: more)
        #expect(try await send(bytes, to: url).status == 201)
        return id
    }

    /// Uploads a film and works until it waits for a review.
    func pending(by someone: Someone, more: String = "", film: [UInt8]? = nil) async throws -> ID<Clip> {
        let bytes: [UInt8]
        if let film { bytes = film } else { bytes = try await TestFilm.short() }
        let id = try await upload(bytes, by: someone, more: more)
        try await work()
        #expect(try await clip(id).state == .pending)
        return id
    }

    func clip(_ id: ID<Clip>) async throws -> Clip { try #require(try await clips.clip(id, in: tenant)) }

    func entry(_ id: ID<Clip>) async throws -> ClipEntry {
        try #require(try await entries.entry(id, through: stage.storage.reader(for: tenant), in: tenant))
    }

    // MARK: Work

    /// Has a worker work while `body` runs; then stops it, or ends it as a crash would: nothing more is written.
    func working(
        _ jobs: Jobs? = nil, crashing: Bool = false, _ body: @Sendable () async throws -> Void
    ) async throws {
        let worker = JobWorker(jobs ?? self.jobs, name: "test", home: tenant) { _, _ in [] }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            do {
                try await body()
            } catch {
                group.cancelAll()
                throw error
            }
            if crashing { group.cancelAll() } else { worker.stop() }
            try await group.waitForAll()
        }
    }

    /// Works until no work on clips is due; `whileWaiting` is called again and again until then.
    func work(by jobs: Jobs? = nil, whileWaiting: @Sendable () async throws -> Void = {}) async throws {
        try await working(jobs) {
            try await self.patiently("media work to come to an end") {
                try await whileWaiting()
                return try await self.due() == 0
            }
        }
    }

    /// Jobs on clips that are due or run.
    func due() async throws -> Int {
        try await number(
            "test.due",
            """
            SELECT (SELECT count(*) FROM job_queue WHERE tenant_id = \(tenant) AND queue LIKE '%|tournament.clip.%')
                + (SELECT count(*) FROM job_runs WHERE tenant_id = \(tenant) AND queue LIKE '%|tournament.clip.%')
                + (SELECT count(*) FROM job_later WHERE tenant_id = \(tenant) AND queue LIKE '%|tournament.clip.%'
                    AND due_at <= \(stage.clock.now()))
            """)
    }

    /// Waits in the machine's time; two minutes are for ever.
    func patiently(_ what: String, _ condition: @Sendable () async throws -> Bool) async throws {
        let machine = SystemClock()
        let deadline = machine.uptime() + .seconds(120)
        while try await !condition() {
            guard machine.uptime() < deadline else { throw InVain(what: what) }
            try await machine.sleep(for: .milliseconds(5))
        }
    }

    struct InVain: Error { let what: String }

    /// The names of all objects of the tenant.
    func objects() async throws -> [String] {
        try await blobs.list(for: tenant, prefix: "tournament/", after: nil, limit: 100).blobs.map(\.key.description)
    }

    func number(_ name: StaticString, _ query: SQL) async throws -> Int {
        try await stage.storage.reader(for: tenant).one(NumberRow.self, name, query).value
    }
}

struct NumberRow: RowDecodable {
    let value: Int

    init(row: SQLRow) throws(StorageError) { value = try row.value(at: 0) }
}
