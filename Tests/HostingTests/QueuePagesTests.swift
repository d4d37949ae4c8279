import Base
import BaseTestKit
import Coordination
import Foundation
import Jobs
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Hosting

@Suite(.databases) struct QueuePagesTests {
    private static let kind = JobKind<Int>("bakery.bake", attemptsMax: 1)
    private static let hourly = JobSchedule("bakery.hourly", every: .seconds(3_600), kind, 1)

    private struct Scene {
        let site: TestSite
        let jobs: Jobs
        let tenant: Tenant
        let failed: [ID<Job>]
    }

    /// A console over queues with two dead letters and one job that waits.
    private func scene(_ backend: Backend) async throws -> Scene {
        let storage = try await backend.lease(modules: [JobsSchema.module])
        let clock = SystemClock()
        let jobs = Jobs(
            storage: storage, clock: clock, randomness: SystemRandomness(), bus: InProcessBus(),
            bank: InProcessTokenBank(clock: clock), events: .silent())
        try jobs.declare(
            handlers: [Self.kind.handler { _, _ in throw JobFailure.permanent("the oven <is> cold") }],
            schedules: [Self.hourly])
        let pages = try Pages(
            [.web, .console], chrome: SiteChrome(name: "Capstan", signInPath: "/sign-in"), clock: clock)
        let site = try await TestSite(
            QueuePages(jobs: jobs).routes + QueueRoutes(jobs: jobs).routes + [pages.assets.route], clock: SimClock(),
            pages: pages)
        let tenant = Tenant(ID(high: 7, low: 7))
        let failed = [
            try await jobs.enqueue(Self.kind, 1, for: tenant), try await jobs.enqueue(Self.kind, 2, for: tenant),
        ]
        let worker = JobWorker(jobs, name: "one", home: tenant) { _, _ in [] }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            while try await jobs.list(.failed).count < 2 { try await clock.sleep(for: .milliseconds(5)) }
            worker.stop()
            try await group.waitForAll()
        }
        _ = try await jobs.enqueue(Self.kind, 3, for: tenant)
        return Scene(site: site, jobs: jobs, tenant: tenant, failed: failed)
    }

    @Test(arguments: Backend.all)
    func `queues, schedules and dead letters are shown to operators only`(backend: Backend) async throws {
        let scene = try await scene(backend)
        let site = scene.site
        let member = try await site.session(of: site.newID())
        #expect(try await site.get("/console/queues", headers: [member]).status == 403)
        let session = try await site.session(of: site.newID(), role: .operator)
        let queues = try await site.get("/console/queues", headers: [session])
        #expect(queues.status == 200)
        #expect(queues.text.contains("<code>bakery.bake</code>") && queues.text.contains("<code>bakery.hourly</code>"))
        let letters = try await site.get("/console/queues/failures", headers: [session]).text
        #expect(letters.contains("the oven &lt;is&gt; cold") && letters.contains(scene.failed[0].description))
        for html in [queues.text, letters] {
            #expect(!html.contains("{{") && !html.contains("style=\"") && !html.contains("Optional("))
        }
        let json = try await site.get("/api/console/queues", headers: [session]).text
        #expect(json.contains(#""failed":2"#) && json.contains(#""waiting":1"#))
    }

    @Test(arguments: Backend.all)
    func `a dead letter is retried or discarded by form and by call, and a lane is paused`(backend: Backend)
        async throws
    {
        let scene = try await scene(backend)
        let site = scene.site
        let session = try await site.session(of: site.newID(), role: .operator)
        let page = try await site.get("/console/queues/failures", headers: [session]).text
        let token = try #require(page.firstMatch(of: /name="formToken" value="([^"]+)"/)).1
        let form: (name: String, value: String) = ("content-type", "application/x-www-form-urlencoded")
        func post(_ path: String, _ body: String) async throws -> Int {
            try await Int(
                site.request(
                    "POST", path, headers: [session, form], body: Array("\(body)&formToken=\(token)".utf8)
                ).status)
        }
        let first = "tenant=\(scene.tenant.id)&id=\(scene.failed[0])"
        #expect(try await post("/console/queues/failures", first + "&action=retry") == 303)
        #expect(try await scene.jobs.status(of: scene.failed[0], for: scene.tenant)?.state == .waiting)
        #expect(try await post("/console/queues/failures", first + "&action=retry") == 404)
        let path = "/api/console/jobs/\(scene.tenant.id)/\(scene.failed[1])"
        let gone = try await site.request(
            "DELETE", path, headers: [session, ("sec-fetch-site", "same-origin")], body: [])
        #expect(gone.status == 204)
        #expect(try await scene.jobs.status(of: scene.failed[1], for: scene.tenant)?.state == .cancelled)
        #expect(try await post("/console/queues/lanes", "lane=bulk&isPaused=true") == 303)
        #expect(try await scene.jobs.pausedLanes() == [.bulk])
        #expect(try await post("/console/queues/lanes", "lane=bulk&isPaused=false") == 303)
        #expect(try await scene.jobs.pausedLanes() == [])
    }
}
