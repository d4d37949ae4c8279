import Base
import BaseTestKit
import Logging
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Hosting

@Suite(.databases) struct TenantCostTests {
    private struct Loaf: Output {
        var grains: Int

        static let shape = Shape.object([.body("grains", .integer)])
    }

    private let tenants = (1...3).map { Tenant(ID(high: 9, low: UInt64($0))) }

    private func costs(
        _ storage: Storage, _ clock: SimClock, _ change: (inout CostCaps) -> Void = { _ in }
    ) -> TenantCosts {
        var caps = CostCaps()
        change(&caps)
        return TenantCosts(
            storage: storage, clock: clock, products: ["bakery"], caps: caps, logger: Logger(label: "test"))
    }

    private func cost(statements: Int = 1, bytes: Int = 100, tokens: Int = 0, jobs: Int = 0) -> Cost {
        let cost = Cost()
        cost.add(statements, to: .statements)
        cost.add(bytes, to: .bytesSent)
        cost.add(tokens, to: .tokens)
        cost.add(jobs, to: .jobs)
        return cost
    }

    @Test(arguments: Backend.all)
    func `nodes add up what tenants cost, in rows of ten minutes`(backend: Backend) async throws {
        let clock = SimClock()
        let storage = try await backend.lease(modules: [ProductPlans.hostingSchema], clock: clock)
        let nodes = [costs(storage, clock), costs(storage, clock)]
        for round in 0..<3 {
            for node in nodes {
                node.record(cost(statements: 2, tokens: 5), of: "bakery.bake", for: tenants[0])
                node.record(cost(jobs: 1), of: "bakery.clean", for: tenants[1])
                node.record(cost(), of: "accounts.signIn", for: tenants[0])
                try await node.flush()
            }
            clock.advance(by: .seconds(round == 0 ? 60 : 600))
        }
        let lines = try await nodes[0].lines(since: clock.now() - .seconds(86_400))
        func line(_ tenant: Int, _ product: String) -> CostSums? {
            lines.first { $0.tenant == tenants[tenant] && $0.product == product }?.sums
        }
        #expect(lines.count == 3)
        #expect(line(0, "bakery") == CostSums(requests: 6, statements: 12, bytes: 600, tokens: 30))
        #expect(line(1, "bakery") == CostSums(requests: 0, statements: 6, bytes: 600, jobs: 6))
        #expect(line(0, "platform")?.requests == 6)
        var rows = 0
        try await nodes[0].export(since: clock.now() - .seconds(86_400)) { _ in rows += 1 }
        #expect(rows == 6, "three groups of two ten minutes")
    }

    @Test(arguments: Backend.all)
    func `who has cost what it may is refused until midnight, on every node`(backend: Backend) async throws {
        let clock = SimClock()
        let storage = try await backend.lease(modules: [ProductPlans.hostingSchema], clock: clock)
        let nodes = (0..<2).map { _ in costs(storage, clock) { $0.statements = 10 } }
        clock.advance(by: .seconds(3_600))
        for node in nodes {
            node.record(cost(statements: 6), of: "bakery.bake", for: tenants[0])
            node.record(cost(statements: 90), of: "accounts.signIn", for: tenants[1])
            #expect(node.wait(for: tenants[0], before: "bakery.bake") == nil)
        }
        for node in nodes { try await node.flush() }
        try await nodes[0].flush()
        for node in nodes {
            #expect(node.wait(for: tenants[0], before: "bakery.bake") == .seconds(23 * 3_600))
            #expect(node.wait(for: tenants[0], before: "console.showCosts") == nil, "operators' pages are not capped")
            #expect(node.wait(for: tenants[1], before: "bakery.bake") == nil)
        }
        clock.advance(by: .seconds(23 * 3_600))
        #expect(nodes[0].wait(for: tenants[0], before: "bakery.bake") == nil)
    }

    @Test func `what could not be written is written with the next flush`() async throws {
        let clock = SimClock()
        let storage = try await Backend.sqlite.lease(modules: [ProductPlans.hostingSchema], clock: clock)
        let node = costs(storage, clock)
        node.record(cost(statements: 3), of: "bakery.bake", for: tenants[0])
        storage.restrict(to: [])
        await #expect(throws: StorageError.self) { try await node.flush() }
        node.record(cost(statements: 4), of: "bakery.bake", for: tenants[0])
        storage.restrict(to: [CostStore.capability])
        try await node.flush()
        #expect(try await node.lines(since: .epoch).first?.sums.statements == 7)
        #expect(node.lost == 0)
    }

    @Test func `a site adds up its requests and refuses a tenant over its cap, and shows both to operators`()
        async throws
    {
        let clock = SimClock()
        let storage = try await Backend.sqlite.lease(modules: [ProductPlans.hostingSchema], clock: clock)
        let node = costs(storage, clock) { $0.bytes = 10 }
        let pages = try Pages(
            [.web, .console], chrome: SiteChrome(name: "Capstan", signInPath: "/sign-in"), clock: clock)
        let bread = Route(
            .get, "/bread", "bakery.bread", "Gives bread.", policy: .anyone, limit: .per(.address, "bread", 100),
            budget: 0
        ) { (_: Request<NoInput>) in Loaf(grains: 1) }
        let site = try await TestSite(
            [bread] + CostRoutes(costs: node) { _ in "Ada & Co" }.routes + [pages.assets.route], clock: clock,
            pages: pages
        ) { $0.costs = node }
        #expect(try await site.get("/bread").status == 200)
        let refused = try await site.get("/bread")
        #expect(refused.status == 429)
        #expect(refused["retry-after"] == "86400")
        #expect(refused.text.contains("limits.quota"))
        try await node.flush()
        let session = try await site.session(of: site.newID(), role: .operator)
        let html = try await site.get("/console/costs", headers: [session]).text
        #expect(html.contains("Ada &amp; Co") && html.contains("<code>bakery</code>"))
        let list = try await site.get("/api/console/costs?days=2", headers: [session]).text
        #expect(list.contains("\"product\":\"bakery\"") && list.contains("\"requests\":2"))
        let csv = try await site.get("/api/console/costs/export", headers: [session]).text
        #expect(csv.hasPrefix("starts_at,tenant,product,requests,"))
        #expect(csv.contains(",bakery,2,0,") && csv.contains("# rows=1 "))
        #expect(try await site.get("/api/console/costs").status == 401)
    }
}
