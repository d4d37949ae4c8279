import Base
import BaseTestKit
import Jobs
import Testing

@Suite struct StepPaceTests {
    @Test func `steps grow while they are quick, halve when they are not, and stay within their bounds`() {
        var pace = StepPace(sizes: 10...500, target: .milliseconds(20), share: 0.2)
        #expect(pace.size == 10)
        for _ in 0..<100 { pace.took(.milliseconds(5), for: pace.size) }
        #expect(pace.size == 500)
        pace.took(.milliseconds(21), for: pace.size)
        #expect(pace.size == 250)
        for _ in 0..<100 { pace.took(.seconds(1), for: pace.size) }
        #expect(pace.size == 10)
        // A step that began when steps were small says nothing of large ones.
        pace.took(.milliseconds(5), for: 100)
        let grown = pace.size
        pace.took(.milliseconds(5), for: 10)
        #expect(pace.size == grown)
    }

    @Test(arguments: [0.05, 0.2, 0.5, 1])
    func `work takes no more than its share of the time`(share: Double) {
        var pace = StepPace(sizes: 1...100, target: .milliseconds(20), share: share)
        var (worked, rested) = (Duration.zero, pace.rest)
        for step in 1...200 {
            let took = Duration.milliseconds(step % 40 + 1)
            pace.took(took, for: pace.size)
            worked += took
            rested += pace.rest
        }
        #expect(abs(worked / (worked + rested) - share) < 0.01)
        pace.took(.seconds(3_600), for: 1)
        #expect(pace.rest <= StepPace.Bounds.rest)
    }

    @Test func `the wait for a connection is no work, and neither is what never begins`() async {
        let clock = SimClock()
        let pacer = StepPacer(StepPace(sizes: 50...500, target: .milliseconds(20), share: 0.2), clock: clock)
        await pacer.step { _ in clock.advance(by: .seconds(1)) }
        await pacer.step { step in
            #expect(step.size == 50)
            clock.advance(by: .seconds(3))
            step.begin()
            clock.advance(by: .milliseconds(10))
        }
        await pacer.step { step in
            #expect(step.size == 62)
            #expect(step.rest == .milliseconds(40))
        }
    }
}
