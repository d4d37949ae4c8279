import Base
import BaseTestKit
import Caching
import Coordination
import Foundation
import Limits
import Logging
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Hosting

@Suite(.databases) struct ConsolePagesTests {
    /// A site with the console over an embedded database, and a route that costs something.
    private func site() async throws -> TestSite {
        let clock = SimClock()
        let randomness = SeededRandomness(seed: 3)
        let storage = try await Backend.sqlite.lease(modules: [ProductPlans.hostingSchema])
        let flags = try FeatureFlags(
            [FeatureFlag("multiVote", isOnByDefault: true, "Any number of clips may be voted for.")], storage: storage,
            clock: clock, logger: Logger(label: "test"))
        let ledger = CostLedger(clock: clock)
        let limits = LimitRegistry(clock: clock)
        let report = ConsoleReport(
            ledger: ledger, storage: storage,
            caches: CacheRegistry(clock: clock, randomness: randomness, bus: InProcessBus()), limits: limits)
        let pages = try Pages(
            [.web, .console], chrome: SiteChrome(name: "Capstan", signInPath: "/sign-in"), clock: clock)
        let console = ConsolePages(report: report, flags: flags)
        return try await TestSite(console.routes + [pages.assets.route], clock: clock, pages: pages) { services in
            services.ledger = ledger
            services.limits = limits
        }
    }

    private static let paths = [
        "/console", "/console/routes", "/console/statements", "/console/caches", "/console/limits",
        "/console/vendors", "/console/database", "/console/flags",
    ]

    @Test(arguments: paths)
    func `a page of the console is whole and for operators only`(path: String) async throws {
        let site = try await site()
        let stranger = try await site.get(path, headers: [("accept", "text/html")])
        #expect(stranger.status == 303)
        #expect(stranger["location"]?.hasPrefix("/sign-in?next=%2Fconsole") ?? false)
        let member = try await site.session(of: site.newID())
        #expect(try await site.get(path, headers: [member]).status == 403)
        let session = try await site.session(of: site.newID(), role: .operator)
        for other in Self.paths { _ = try await site.get(other, headers: [session]) }
        let answer = try await site.get(path, headers: [session])
        #expect(answer.status == 200)
        let html = answer.text
        #expect(!html.contains("{{") && !html.contains("style=\"") && !html.contains("Optional("))
        #expect(html.components(separatedBy: "aria-current=\"page\"").count == 2)
        if let folder = ProcessInfo.processInfo.environment["PAGES_FOLDER"] {
            let name = path.dropFirst().replacing("/", with: "-") + ".html"
            try Data(html.utf8).write(to: URL(filePath: folder).appending(path: name))
        }
    }

    @Test func `routes are listed with their cost and their budget`() async throws {
        let site = try await site()
        let session = try await site.session(of: site.newID(), role: .operator)
        _ = try await site.get("/console/limits", headers: [session])
        let html = try await site.get("/console/routes", headers: [session]).text
        #expect(html.contains("<code>console.showLimits</code>"))
        #expect(html.contains("class=\"latency\""))
    }

    @Test func `a flag is switched by form, with the form's token`() async throws {
        let site = try await site()
        let session = try await site.session(of: site.newID(), role: .administrator)
        let before = try await site.get("/console/flags", headers: [session]).text
        #expect(before.contains("Switch off"))
        let token = try #require(before.firstMatch(of: /name="formToken" value="([^"]+)"/)).1
        let form: (name: String, value: String) = ("content-type", "application/x-www-form-urlencoded")
        let forged = try await site.request(
            "POST", "/console/flags", headers: [session, form], body: Array("key=multiVote&isEnabled=false".utf8))
        #expect(forged.status == 403)
        let sent = try await site.request(
            "POST", "/console/flags", headers: [session, form],
            body: Array("key=multiVote&isEnabled=false&formToken=\(token)".utf8))
        #expect(sent.status == 303 && sent["location"] == "/console/flags")
        #expect(try await site.get("/console/flags", headers: [session]).text.contains("Switch on"))
    }

    @Test func `numbers are printed for people`() {
        #expect(Figures.number(61_204) == "61,204")
        #expect(Figures.decimal(0.505, places: 2) == "0.51" || Figures.decimal(0.505, places: 2) == "0.50")
        #expect(Figures.decimal(1_234.5, places: 1) == "1,234.5")
        #expect(Figures.milliseconds(0.4242) == "0.42 ms" && Figures.milliseconds(1_204) == "1.20 s")
        #expect(Figures.bytes(4_200) == "4.1 KiB")
        #expect(ConsoleTable.Latency.place(0.1) == "0.0" && ConsoleTable.Latency.place(10_000) == "100.0")
    }
}
