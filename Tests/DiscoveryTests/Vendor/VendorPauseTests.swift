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
        #expect(probe == .allowed && second == .refused(.keyRefused, after: .seconds(60)))
        let other = pause.learn(.unavailable(reason: .failing, retryAfter: nil), at: start + .seconds(61))
        #expect(!other && pause.reason == .keyRefused && pause.since == start)
        let isMended = pause.learn(nil, at: start + .seconds(62))
        let after = pause.ask(at: start + .seconds(62))
        #expect(isMended && after == .allowed)
    }
}
