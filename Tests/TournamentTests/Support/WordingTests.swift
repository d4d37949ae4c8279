import Base
import Foundation
import Testing

@testable import Tournament

@Suite struct WordingTests {
    private let noon = Timestamp("2026-11-21T12:05:09Z") ?? .epoch

    @Test func `numbers are grouped and counted`() {
        #expect(Wording.number(0) == "0" && Wording.number(999) == "999" && Wording.number(61_204) == "61,204")
        #expect(Wording.number(-1_000_000) == "−1,000,000")
        #expect(Wording.count(1, "vote") == "1 vote" && Wording.count(2_300, "vote") == "2,300 votes")
    }

    @Test func `a clock counts down to zero and no further`() {
        #expect(Wording.countdown(.seconds(8 * 3_600 + 57 * 60 + 59)) == "08:57:59")
        #expect(Wording.countdown(.milliseconds(1)) == "00:00:01")
        #expect(Wording.countdown(.seconds(-5)) == "00:00:00")
        #expect(Wording.countdown(.seconds(90_061)) == "1 d 01:01:01")
    }

    @Test func `days and times are those of the tenant's zone`() throws {
        let tokyo = try #require(TimeZone(identifier: "Asia/Tokyo"))
        let late = noon + .seconds(4 * 3_600)
        #expect(Wording.day(late, in: .gmt) == "21 November 2026" && Wording.shortDay(late, in: .gmt) == "21 Nov")
        #expect(Wording.day(late, in: tokyo) == "22 November 2026")
        #expect(Wording.clock(noon, in: .gmt) == "12:05" && Wording.clock(noon, in: tokyo) == "21:05")
        #expect(Wording.place("America/New_York") == "New York" && Wording.place("UTC") == "UTC")
    }

    @Test func `a slot's clock is open, then frozen, then over`() {
        let samples = PageSamples()
        let slot = samples.slot
        let states = [slot.opensAt, slot.freezesAt - .microseconds(1), slot.freezesAt, slot.closesAt].map {
            SlotClock(slot, at: $0).state
        }
        #expect(states == ["open", "open", "frozen", "over"])
    }

    @Test func `every refusal that a voter can meet has a sentence on the page without script`() {
        let samples = PageSamples()
        let allowance = Allowance(used: 200, at: samples.now, rules: samples.season.rules)
        let refusals: [VoteRefusal] = [
            .clipNotFound, .ownClip, .slotClosed, .votingFrozen, .banned, .alreadyVoted(.super), .superSpent,
            .megaSpent,
            .dailyLimit(allowance),
        ]
        let codes =
            refusals.map { $0.error(at: samples.now).code }
            + [WithdrawRefusal.noVote.error.code, WithdrawRefusal.votingFrozen.error.code]
            + [.signInRequired, .captchaRequired, .riskBlocked]
        for code in codes { #expect(Said.sentence(code.rawValue)?.isGood == false, "\(code)") }
        for kind in Vote.Kind.allCases { #expect(Said.sentence(kind.rawValue)?.isGood == true) }
        #expect(Said.sentence("<script>") == nil)
    }
}
