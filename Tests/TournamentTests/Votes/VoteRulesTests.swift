import Base
import BaseTestKit
import Testing

@testable import Tournament

@Suite struct VoteRulesTests {
    @Test func `normal, super and mega votes weigh 1, 3 and 10 and cost that much`() {
        #expect(Vote.Kind.allCases.map(SeasonRules().weight(of:)) == [1, 3, 10])
    }

    @Test func `the allowance follows the day of the tenant's zone`() throws {
        var rules = SeasonRules()
        rules.timeZone = "Europe/Berlin"
        // 23:30 UTC on 20 November is already the 21st in Berlin.
        let now = try #require(Timestamp("2026-11-20T23:30:00Z"))
        let allowance = Allowance(used: 195, at: now, rules: rules)
        #expect(allowance.day.description == "2026-11-21")
        #expect(allowance.renewsAt.description == "2026-11-21T23:00:00.000000Z")
        #expect(allowance.left == 5)
        #expect(allowance.covers(5))
        #expect(!allowance.covers(10))
        rules.timeZone = "UTC"
        #expect(Allowance(used: 0, at: now, rules: rules).day.description == "2026-11-20")
    }

    @Test func `one device is one voter in a tenant and another one in the next`() {
        let device = ID<Device>(high: 1, low: 2)
        let (first, second) = (Tenant(ID(high: 1, low: 1)), Tenant(ID(high: 1, low: 2)))
        #expect(Voter(device: device, in: first) == Voter(device: device, in: first))
        #expect(Voter(device: device, in: first).id != Voter(device: device, in: second).id)
        let person = Voter(person: ID(high: 1, low: 2), in: first)
        #expect(person.id != Voter(device: device, in: first).id)
        #expect(person.personID == ID(high: 1, low: 2))
        #expect(person.id.description.dropFirst(14).first == "8")
    }

    @Test func `rules that cannot be promised name their fields`() {
        #expect(SeasonRules().faults.isEmpty)
        var rules = SeasonRules()
        rules.slotHours = 0
        rules.timeZone = "Atlantis/Main"
        #expect(rules.faults.map(\.field) == ["slotHours", "timeZone"])
    }
}
