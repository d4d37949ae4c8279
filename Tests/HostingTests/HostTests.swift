import Accounts
import Base
import BaseTestKit
import Blobs
import Caching
import Coordination
import Foundation
import Hosting
import Jobs
import Limits
import Logging
import Outbound
import Realtime
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

/// The smallest product.
private struct Bakery: Product {
    static let multigrain = FeatureFlag("bakery.multigrain", isOnByDefault: false, "Bakes with more grains.")
    static let plan = ProductPlan(
        name: "bakery", title: "Bakery", summary: "Bakes.",
        schema: SchemaModule(name: "bakery", tables: [], migrations: []),
        flags: [multigrain])

    let manifest: ProductManifest

    init(_ services: ProductServices) {
        manifest = ProductManifest(
            routes: [
                Route(
                    .get, "/api/bakery/bread", "bakery.getBread", "Gives bread.", policy: .anyone,
                    limit: .per(.address, "bakery.read", 120), budget: 0
                ) { [flags = services.flags] (request: Request<NoInput>) in
                    Bread(grains: flags.isOn(Self.multigrain, for: request.tenant) ? 7 : 1)
                }
            ],
            topics: [TopicKind("bakery/oven/{number}") { _, _ in .admitted() }],
            navigation: [.init(href: "/bread", label: "Bread")])
    }

    struct Bread: Output {
        var grains: Int
        static let shape = Shape.object([.body("grains", .integer)])
    }
}

@Suite(.databases) struct HostTests {
    private func withHost(
        _ backend: Backend, sharing coordination: CoordinationServices = .alone(),
        _ body: (TestSite, Hosting.Host, Tenant) async throws -> Void
    ) async throws {
        let modules = [
            AccountsSchema.module, ProductPlans.hostingSchema, JobsSchema.module, Bakery.plan.schema,
        ]
        try await run(on: try await backend.lease(modules: modules), sharing: coordination, body)
    }

    private func run(
        on storage: Storage, sharing coordination: CoordinationServices,
        _ body: (TestSite, Hosting.Host, Tenant) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("host-\(ID<Hosting.Host>(at: SystemClock().now(), using: SystemRandomness()))").path
        defer {
            // A folder that cannot be removed is the machine's to clean.
            try? FileManager.default.removeItem(atPath: folder)
        }
        let clock = SimClock()
        let randomness = SeededRandomness(seed: 1)
        let events = EventLog.silent(clock: clock)
        let caches = CacheRegistry(clock: clock, randomness: randomness, bus: InProcessBus())
        let limits = LimitRegistry(clock: clock)
        let ledger = CostLedger(clock: clock)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let flags = try FeatureFlags(Bakery.plan.flags, storage: storage, clock: clock, logger: logger)
        let accounts = HostedAccounts(
            storage: storage, caches: caches, limits: limits, clock: clock, randomness: randomness, events: events,
            domain: "capstan.test")
        let home = try await accounts.open(named: "Home", joining: .open)
        let host = try await Host(
            [Bakery.self],
            services: ProductServices(
                clock: clock, randomness: randomness, node: Node(name: "one", lane: 0), home: home, storage: storage,
                caches: caches, limits: limits,
                blobs: try await DiskBlobs(root: folder, clock: clock, randomness: randomness, events: events),
                fileKey: Secret(randomness.bytes(32)), outbound: OutboundClient(clock: clock, events: events),
                flags: flags, settings: try Settings([]) { _ in nil }, events: events, metrics: events.metrics,
                logger: logger),
            accounts: accounts, coordination: coordination, ledger: ledger, metricsPolicy: .operator)
        let pages = try Pages(
            host.bundles, chrome: SiteChrome(name: "Test", navigation: host.navigation), clock: clock)
        let test = try await TestSite(host.routes + [pages.assets.route], clock: clock, pages: pages) {
            $0.tenants = accounts.directory
            $0.revocation = accounts.epochs
            $0.ledger = ledger
        }
        try await body(test, host, home)
    }

    private func session(_ test: TestSite, _ tenant: Tenant, _ role: Role) async throws -> (name: String, value: String)
    {
        let token = try await test.services.sessions.sign(test.newID(), in: tenant, role: role, version: 1)
        return ("cookie", "\(Sessions.cookieName)=\(token)")
    }

    @Test(arguments: Backend.all)
    func `a product answers, and everybody can read what it answers`(backend: Backend) async throws {
        try await withHost(backend) { test, host, _ in
            #expect(try await test.get("/api/bakery/bread").text == #"{"grains":1}"#)
            let description = try await test.get("/openapi.json").text
            for route in host.routes
            where route.name != "hosting.describe" && route.content.mediaType?.hasPrefix("text/html") != true {
                #expect(description.contains("\"operationId\":\"\(route.name)\""), "\(route.name)")
            }
        }
    }

    @Test(arguments: Backend.all)
    func `a product's topics are listened to at two addresses`(backend: Backend) async throws {
        try await withHost(backend) { test, _, _ in
            #expect(try await test.get("/api/realtime/socket").problemCode == "realtime.notASocket")
            let unknown = try await test.get("/api/realtime/events?topics=bakery/cellar")
            #expect(unknown.status == 404 && unknown.problemCode == "realtime.unknownTopic")
            let none = try await test.get("/api/realtime/events?topics=a%20b")
            #expect(none.status == 400 && none.problemCode == "realtime.malformedCommand")
            // Without a socket there is nothing to take over; what the connection then does is ServerTests' matter.
            let stream = try await test.get("/api/realtime/events?topics=bakery/oven/1")
            #expect(stream.status == 200 && stream["content-type"] == "text/event-stream")
        }
    }

    @Test(arguments: Backend.all)
    func `a process is ready from its start to its draining`(backend: Backend) async throws {
        try await withHost(backend) { test, host, _ in
            #expect(try await test.get("/health/live").status == 200)
            #expect(try await test.get("/health/ready").problemCode == "hosting.notReady")
            host.readiness.phase = .serving
            #expect(try await test.get("/health/ready").status == 200)
            host.readiness.phase = .draining
            let draining = try await test.get("/health/ready")
            #expect(draining.status == 503)
            #expect(draining["retry-after"] == "1")
        }
    }

    @Test(arguments: Backend.all)
    func `a flag is switched in the console and holds at once, in its tenant`(backend: Backend) async throws {
        try await withHost(backend) { test, _, home in
            let director = try await session(test, home, .administrator)
            let set = try await test.request(
                "PUT", "/api/console/flags/bakery.multigrain",
                headers: [("content-type", "application/json"), director],
                body: Array(#"{"isEnabled":true}"#.utf8))
            #expect(set.status == 204)
            #expect(try await test.get("/api/bakery/bread").text == #"{"grains":7}"#)
            let unknown = try await test.request(
                "PUT", "/api/console/flags/none", headers: [("content-type", "application/json"), director],
                body: Array(#"{"isEnabled":true}"#.utf8))
            #expect(unknown.status == 404)
            let member = try await session(test, home, .member)
            #expect(try await test.get("/api/console/flags", headers: [member]).status == 403)
        }
    }

    @Test(arguments: Backend.all)
    func `a process whose nodes do not reach each other serves, and says so`(backend: Backend) async throws {
        let status = CoordinationStatus(store: .redis, isReachable: false, since: .seconds(75), failures: 3)
        let coordination = CoordinationServices(bus: InProcessBus(), status: { status })
        try await withHost(backend, sharing: coordination) { test, host, home in
            host.readiness.phase = .serving
            let ready = try await test.get("/health/ready")
            #expect(ready.status == 200 && ready.text.contains(#""coordination":"degraded""#))
            let operators = try await session(test, home, .operator)
            let line = try await test.get("/api/console/coordination", headers: [operators]).text
            #expect(line.contains(#""store":"redis""#) && line.contains(#""isReachable":false"#), "\(line)")
            let page = try await test.get("/console", headers: [operators]).text
            #expect(page.contains("This node decides for itself") && page.contains("away for 75 s"))
        }
    }

    @Test(arguments: Backend.all)
    func `the console is for operators, as JSON and as pages`(backend: Backend) async throws {
        try await withHost(backend) { test, host, home in
            _ = try await test.get("/api/bakery/bread")
            let operators = try await session(test, home, .operator)
            let directors = try await session(test, home, .administrator)
            for route in host.routes where route.method == .get && route.policy == .operator {
                let path = route.path.description
                #expect(try await test.get(path).status == 401, "\(path)")
                #expect(try await test.get(path, headers: [directors]).status == 403, "\(path)")
                #expect(try await test.get(path, headers: [operators]).status == 200, "\(path)")
            }
            let routes = try await test.get("/api/console/routes", headers: [operators])
            #expect(routes.text.contains(#""name":"bakery.getBread""#))
        }
    }
}
