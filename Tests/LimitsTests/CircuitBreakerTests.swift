import Base
import BaseTestKit
import Testing

@testable import Limits

@Suite struct CircuitBreakerTests {
    private let options = CircuitBreakerOptions(
        window: .microseconds(100), callsMin: 4, failureRatio: 0.5, openTime: .microseconds(50),
        openTimeMax: .microseconds(150), probes: 2)

    /// Plays one line per event, as in `3 fail`, and returns what the breaker said to each.
    private func play(_ script: [(time: Int64, event: String)]) -> [String] {
        var machine = CircuitBreakerMachine(options)
        var tickets: [CircuitBreakerMachine.Ticket] = []
        return script.map { time, event in
            let outcomes: [String: CircuitBreakerMachine.Outcome] = [
                "succeed": .succeeded, "fail": .failed, "abandon": .abandoned,
            ]
            if let outcome = outcomes[event] {
                machine.report(tickets.removeFirst(), outcome, now: time)
            } else if event == "hear 40" {
                machine.hearOpening(for: 40, now: time)
            } else if event == "hear closing" {
                machine.hearClosing()
            } else {
                switch machine.ask(now: time) {
                case .allowed(let ticket): tickets.append(ticket)
                case .refused(let after): return "wait \(after)"
                }
            }
            return machine.state.rawValue
        }
    }

    @Test func `it opens at the ratio, never below the least number of calls`() {
        let transcript = play([
            (0, "ask"), (0, "fail"), (1, "ask"), (1, "fail"), (2, "ask"), (2, "succeed"), (3, "ask"), (3, "fail"),
            (4, "ask"), (52, "ask"),
        ])
        #expect(
            transcript == [
                "closed", "closed", "closed", "closed", "closed", "closed", "closed", "open", "wait 49", "wait 1",
            ])
    }

    @Test func `failures older than the window do not count`() {
        let transcript = play([
            (0, "ask"), (0, "fail"), (1, "ask"), (1, "fail"), (2, "ask"), (2, "fail"), (120, "ask"), (120, "fail"),
            (121, "ask"),
        ])
        #expect(transcript.last == "closed")
    }

    private var opening: [(time: Int64, event: String)] {
        (0..<4).flatMap { [(Int64($0), "ask"), (Int64($0), "fail")] }
    }

    @Test func `it closes after its probes have succeeded, and lets no more than those through before`() {
        let transcript = play(
            opening + [
                (53, "ask"), (54, "ask"), (55, "ask"), (56, "succeed"), (57, "ask"), (58, "succeed"), (59, "ask"),
            ])
        #expect(
            Array(transcript.suffix(7)) == [
                "halfOpen", "halfOpen", "wait 50", "halfOpen", "wait 50", "closed", "closed",
            ])
    }

    @Test func `a probe that fails opens it again for twice as long, up to the bound`() {
        let transcript = play(
            opening + [
                (53, "ask"), (53, "fail"), (54, "ask"), (153, "ask"), (153, "fail"), (154, "ask"), (303, "ask"),
                (303, "fail"), (304, "ask"),
            ])
        #expect(
            Array(transcript.suffix(9)) == [
                "halfOpen", "open", "wait 99", "halfOpen", "open", "wait 149", "halfOpen", "open", "wait 149",
            ])
    }

    @Test func `what a call from before reports after a change says nothing about now`() {
        let transcript = play(
            [(0, "ask"), (0, "ask")] + [(1, "ask"), (1, "ask"), (1, "ask")]
                + [(2, "fail"), (2, "fail"), (2, "fail"), (2, "fail"), (60, "ask"), (61, "fail")])
        #expect(Array(transcript.suffix(3)) == ["open", "halfOpen", "halfOpen"])
    }

    @Test func `probes that are abandoned or lost do not keep it half open for ever`() {
        let transcript = play(
            opening + [(53, "ask"), (54, "abandon"), (55, "ask"), (56, "ask"), (57, "ask"), (203, "ask")])
        #expect(Array(transcript.suffix(6)) == ["halfOpen", "halfOpen", "halfOpen", "halfOpen", "wait 50", "halfOpen"])
    }

    @Test func `who hears that another has opened leaves it alone as long, unless it was answered itself`() {
        let idle = play([(0, "hear 40"), (1, "ask"), (39, "ask"), (40, "ask"), (41, "succeed"), (41, "ask")])
        #expect(idle == ["open", "wait 39", "wait 1", "halfOpen", "halfOpen", "halfOpen"])
        let answered = play(
            [(0, "ask"), (0, "succeed"), (1, "hear 40"), (1, "ask"), (1, "ask"), (1, "ask"), (2, "succeed")]
                + [(2, "succeed"), (3, "ask")])
        #expect(
            answered == [
                "closed", "closed", "halfOpen", "halfOpen", "halfOpen", "wait 50", "halfOpen", "closed", "closed",
            ])
        let failing = play([(0, "ask"), (0, "succeed"), (1, "hear 40"), (2, "ask"), (2, "fail"), (3, "ask")])
        #expect(failing.suffix(3) == ["halfOpen", "open", "wait 99"])
    }

    @Test func `who hears that another has closed does so too, unless its own calls had opened it`() {
        let told = play([(0, "hear 40"), (1, "hear closing"), (2, "ask")])
        #expect(told == ["open", "closed", "closed"])
        let own = play(opening + [(10, "hear closing"), (11, "ask"), (12, "hear 40"), (52, "ask"), (53, "ask")])
        #expect(own.suffix(5) == ["open", "wait 42", "open", "wait 1", "halfOpen"])
    }

    @Test func `work is not run while it is open, and cancellation says nothing`() async throws {
        struct Down: Error {}
        let clock = SimClock()
        let breaker = CircuitBreaker("mail", CircuitBreakerOptions(callsMin: 2), clock: clock)
        for _ in 0..<50 {
            await #expect(throws: CancellationError.self) {
                try await breaker.run { () -> Int in throw CancellationError() }
            }
        }
        for _ in 0..<50 {
            await #expect(throws: Down.self) {
                try await breaker.run(isFailure: { _ in false }) { () -> Int in throw Down() }
            }
        }
        #expect(breaker.state == .closed)
        for _ in 0..<50 {
            await #expect(throws: Down.self) { try await breaker.run { () -> Int in throw Down() } }
        }
        #expect(breaker.state == .open)
        do {
            _ = try await breaker.run { 1 }
            Issue.record("it ran")
        } catch {
            let refusal = (error as? LimitsError)?.refusal
            #expect(refusal?.reason == .circuitOpen && refusal?.retryAfter == .seconds(1))
        }
        clock.advance(by: .seconds(1))
        for _ in 0..<3 { #expect(try await breaker.run { 1 } == 1) }
        #expect(breaker.state == .closed)
    }
}
