import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Discovery

@Suite(.databases) struct VendorDeskTests {
    private func query(_ word: String, region: String = "US") -> DirectoryQuery {
        DirectoryQuery(platform: .tiktok, keyword: word, region: region, cursor: "")
    }

    @Test(arguments: Backend.all)
    func `one call serves everybody who asks the same within a day`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...3)])
            let other = Tenant(ID(high: 9, low: 9))
            let vendor = stage.bureau.vendor
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    let tenant = number % 2 == 0 ? stage.tenant : other
                    let caller = VendorDesk.Caller(tenant: tenant, person: stage.person(number))
                    group.addTask { _ = try await vendor.page(self.query("running"), for: caller) }
                }
                try await group.waitForAll()
            }
            #expect(stage.directory.asked.count == 1)
            let caller = VendorDesk.Caller(tenant: stage.tenant, person: stage.person(1))
            _ = try await vendor.page(query("running", region: "DE"), for: caller)
            #expect(stage.directory.asked.count == 2)
            stage.clock.advance(by: .seconds(86_401))
            _ = try await vendor.page(query("running"), for: caller)
            #expect(stage.directory.asked.count == 3)
        }
    }

    @Test(arguments: Backend.all)
    func `calls are counted by day and person, and the day's bound holds`(backend: Backend) async throws {
        var settings = DiscoverySettings()
        settings.callsPerDay = 5
        try await Stage.with(backend, settings: settings) { stage in
            let vendor = stage.bureau.vendor
            let caller = VendorDesk.Caller(tenant: stage.tenant, person: stage.person(1))
            stage.directory.fail("word 1", [.unavailable(reason: .failing, retryAfter: nil)])
            for number in 0..<5 {
                do { _ = try await vendor.page(query("word \(number)"), for: caller) } catch {
                    #expect(number == 1 && error is VendorDesk.Refusal)
                }
                stage.clock.advance(by: .seconds(6))
            }
            await #expect(throws: VendorDesk.Refusal.dailyLimit) { try await vendor.page(query("more"), for: caller) }
            let day = CalendarDay(of: stage.clock.now(), in: .gmt)
            let total = try #require(
                try await VendorDayStore(storage: stage.storage).days(since: day, in: stage.tenant).first)
            #expect(total.total.calls == 5 && total.total.errors == 1 && total.total.credits == 4)
            let people = try await VendorDayStore(storage: stage.storage).people(since: day, in: stage.tenant)
            #expect(people.map(\.personID) == [stage.person(1)])
            await #expect(throws: DiscoveryError.self) { try await stage.start(["running"]) }
            stage.clock.advance(by: .seconds(86_400))
            _ = try await vendor.page(query("more"), for: caller)
        }
    }

    @Test(arguments: Backend.all)
    func `a refused key makes keywords wait, not fail, until it is mended`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...3)])
            stage.directory.fail("running", [.keyRefused])
            let search = try await stage.start(["running"])
            let keyword = try await stage.status(search).keywords[0]
            await #expect(throws: (any Error).self) { try await stage.fetch(keyword, isLastAttempt: true) }
            #expect(stage.bureau.vendor.paused?.reason == .keyRefused)
            #expect(try await stage.status(search).keywords[0].state == .running)
            await #expect(throws: DiscoveryError.self) { try await stage.start(["else"], by: 2) }
            stage.clock.advance(by: .seconds(61))
            let status = try await stage.finish(search)
            #expect(status.search.state == .completed && stage.bureau.vendor.paused == nil)
        }
    }
}
