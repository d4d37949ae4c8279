import Base
import Foundation
import Testing

@testable import Auditor

/// A claim of the five audits that does not hold, and how it is seen that it is not made again.
struct Claim: Decodable, Sendable, CustomStringConvertible {
    /// What is looked at.
    enum Check: String, Decodable, Sendable {
        /// The rule says nothing there.
        case absent
        /// The rule speaks of it there: the claim's fix is the fault.
        case found
        /// What a finding says.
        case text
        /// The statement that a finding prints.
        case code
        /// No finding of the fixture says so.
        case silent
        case summary, users, arithmetic, totals, periods, assumptions
        /// Looked at on a database, in `DatabaseClaimTests`.
        case toast, indexes
    }

    var claim: String
    var check: Check
    var fixture: String?
    var rule: String?
    var place: String?
    var says: String?
    var never: String?

    var description: String { claim }

    static let all: [Claim] = {
        let file = Bundle.module.bundleURL.appending(path: "Fixtures/claims.json")
        // Without its file no claim is tested, and the count below fails.
        guard let data = try? Data(contentsOf: file) else { return [] }
        return (try? JSONDecoder().decode([Claim].self, from: data)) ?? []  // The same.
    }()
}

@Suite struct ClaimTests {
    @Test func `all thirty-three are tested`() {
        #expect(Claim.all.count == 33)
        #expect(Set(Claim.all.map(\.claim)).count == 33)
    }

    @Test(arguments: Claim.all) func `a claim that does not hold is not made again`(_ claim: Claim) async throws {
        switch claim.check {
        case .absent, .found, .text, .code, .silent: try await look(claim)
        case .summary:
            var report = Samples.report([Samples.finding("a"), Samples.finding("b", severity: .low)])
            report.summary.counts["low"] = 5
            #expect(!report.contradictions.isEmpty)
        case .users, .assumptions:
            var report = Samples.report([], users: 5_000, prices: Workshop.prices, catalogue: Workshop.catalogue)
            #expect(report.contradictions == [])
            let row = try #require(report.assumptions.firstIndex { $0.name == "users" })
            report.assumptions[row].value = 2_500
            #expect(!report.contradictions.isEmpty)
        case .arithmetic:
            #expect(
                Workshop.prices.line(100 * 50_000 * 30, of: "model.call", per: "month")?.micros == 1_500_000_000_000)
        case .totals:
            var report = Samples.report([], users: 5_000, prices: Workshop.prices, catalogue: Workshop.catalogue)
            report.costs.totalsMicros[1] += 1
            #expect(!report.contradictions.isEmpty)
        case .periods:
            let report = Samples.report([], prices: Workshop.prices, catalogue: Workshop.catalogue)
            let line = try #require(report.costs.now.first { $0.price == "model.call" })
            // 500,000 a day at a cent are 5,000 a day and 150,000 a month.
            #expect(line.period == "month" && line.micros == 150_000_000_000)
        case .toast, .indexes: break
        }
    }

    private func look(_ claim: Claim) async throws {
        let fixture = try #require(Fixture(rawValue: claim.fixture ?? ""))
        let report = try await fixture.audit()
        var own = report.findings
        if let rule = claim.rule, let place = claim.place { own = own.filter { $0.rule == rule && $0.names(place) } }
        if claim.check == .absent {
            #expect(own.isEmpty, "\(own.map(\.observation.summary))")
            return
        }
        #expect(!own.isEmpty, "nothing is found there")
        for finding in own {
            let text =
                claim.check == .code
                ? finding.fix.code ?? ""
                : "\(finding.title) \(finding.observation.summary) \(MarkdownReport.scale(finding.projection)) \(finding.fix.summary)"
            if let says = claim.says { #expect(text.contains(try Regex(says)), "\(text)") }
            if let never = claim.never { #expect(!text.contains(try Regex(never)), "\(text)") }
        }
    }
}

/// A database and prices that sections of a report are worked out from.
enum Workshop {
    static let prices = Prices(
        currency: "USD",
        prices: [
            Prices.Price(name: "model.call", micros: 10_000, unit: "call", date: "2026-11-01", source: "vendor"),
            Prices.Price(
                name: "database.gigabyte.month", micros: 125_000, unit: "GB", date: "2026-11-01", source: "vendor"),
            Prices.Price(
                name: "database.core.hour", micros: 50_000, unit: "core-hour", date: "2026-11-01", source: "vendor"),
        ],
        quantities: [
            Prices.Quantity(
                name: "calls", value: 500_000, unit: "call", price: "model.call", period: "day", date: "2026-11-01",
                source: "bill"),
            Prices.Quantity(
                name: "database.cores", value: 4, unit: "cores", date: "2026-11-01", source: "the server's plan"),
        ])

    static var catalogue: Catalogue {
        var catalogue = Catalogue()
        catalogue.counterSeconds = 86_400
        catalogue.databaseBytes = 80_000_000_000
        catalogue.settings = ["max_connections": "103", "superuser_reserved_connections": "3"]
        catalogue.connections = [("web", "idle", 20, 1)]
        catalogue.tables = [
            Catalogue.Table(
                schema: "public", name: "users", rows: 1_000, bytes: 1e6, heapBytes: 1e6, indexBytes: 0, toastBytes: 0,
                deadRows: 0, liveRows: 1_000, sequentialScans: 0, sequentialRows: 0, indexScans: 0, inserts: 0,
                updates: 0, deletes: 0, hotUpdates: 0, xidAge: 0, lastAutovacuum: nil)
        ]
        // Half a core, all day.
        catalogue.statements = [
            Catalogue.Statement(
                text: "SELECT 1", calls: 1_000, totalMilliseconds: 43_200_000, meanMilliseconds: 43_200,
                maxMilliseconds: 43_200, rows: 1_000, blocksRead: 0, blocksHit: 0, temporaryBlocks: 0, walBytes: 0)
        ]
        return catalogue
    }
}
