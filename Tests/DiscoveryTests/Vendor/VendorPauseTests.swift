import Base
import Testing

@testable import Discovery

@Suite struct VendorPauseTests {
    private let start = Timestamp(microseconds: 1_767_225_600_000_000)

    @Test func `a refused key stops everybody but one probe a minute, and an answer ends it`() {
        var pause = VendorPause()
        let first = pause.ask(at: start)
        let isNew = pause.learn(.keyRefused, at: start)
        let isNewAgain = pause.learn(.keyRefused, at: start)
        #expect(first == .allowed && isNew && !isNewAgain)
        let early = pause.ask(at: start + .seconds(1))
        let probe = pause.ask(at: start + .seconds(60))
        let second = pause.ask(at: start + .seconds(60))
        #expect(early == .refused(.keyRefused, after: .seconds(59)))
        #expect(probe == .probe(.keyRefused) && second == .refused(.keyRefused, after: .seconds(60)))
        let other = pause.learn(.unavailable(reason: .failing, retryAfter: nil), at: start + .seconds(61))
        #expect(!other && pause.reason == .keyRefused && pause.since == start)
        let isMended = pause.learn(nil, at: start + .seconds(62))
        let after = pause.ask(at: start + .seconds(62))
        #expect(isMended && after == .allowed)
    }

    @Test func `what another node has found holds here, and its end ends it`() {
        var pause = VendorPause()
        let isNew = pause.hear(.creditSpent, for: .seconds(40), at: start)
        let early = pause.ask(at: start + .seconds(39))
        let probe = pause.ask(at: start + .seconds(40))
        #expect(isNew && pause.reason == .creditSpent && pause.since == start)
        #expect(early == .refused(.creditSpent, after: .seconds(1)) && probe == .probe(.creditSpent))
        pause.postpone(for: .seconds(25), at: start + .seconds(40))
        let later = pause.ask(at: start + .seconds(50))
        #expect(later == .refused(.creditSpent, after: .seconds(15)))
        let isAgain = pause.hear(.creditSpent, for: .seconds(60), at: start + .seconds(50))
        let endsOther = pause.hearEnd(of: .keyRefused)
        let ends = pause.hearEnd(of: .creditSpent)
        let after = pause.ask(at: start + .seconds(51))
        #expect(!isAgain && !endsOther && ends && after == .allowed)
    }
}
