import Base
import Testing

@testable import Discovery

@Suite struct VendorPauseTests {
    private let start = Timestamp(microseconds: 1_767_225_600_000_000)

    @Test func `a refused key stops everybody but one probe a minute, and an answer ends it`() {
        var pause = VendorPause()
        #expect(pause.ask(at: start) == .allowed)
        #expect(pause.learn(.keyRefused, at: start))
        #expect(!pause.learn(.keyRefused, at: start))
        #expect(pause.ask(at: start + .seconds(1)) == .refused(.keyRefused, after: .seconds(59)))
        #expect(pause.ask(at: start + .seconds(60)) == .allowed)
        #expect(pause.ask(at: start + .seconds(60)) == .refused(.keyRefused, after: .seconds(60)))
        #expect(!pause.learn(.unavailable(reason: .failing, retryAfter: nil), at: start + .seconds(61)))
        #expect(pause.reason == .keyRefused && pause.since == start)
        #expect(pause.learn(nil, at: start + .seconds(62)))
        #expect(pause.ask(at: start + .seconds(62)) == .allowed)
    }
}
