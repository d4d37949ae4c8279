import Testing

@testable import StoragePostgres

@Suite struct FlightTests {
    private typealias Machine = Flight<Int>

    /// Sends statements and a sync.
    private func batch(_ items: Int...) -> Machine {
        var flight = Machine()
        for item in items { flight.sent(.statement(item)) }
        flight.sent(.sync)
        return flight
    }

    @Test func `results come back in the order of their statements`() {
        var flight = batch(1, 2)
        #expect(flight.receive(.completed) == .succeeded(1))
        #expect(flight.receive(.ended) == .none)
        #expect(flight.items == [2])
        #expect(flight.receive(.completed) == .succeeded(2))
        #expect(flight.receive(.ended) == .none)
        #expect(flight.receive(.synced) == .synced)
        #expect(flight.isEmpty)
    }

    @Test func `a failing statement has those behind it skipped, not failed`() {
        var flight = batch(1, 2, 3)
        _ = flight.receive(.completed)
        _ = flight.receive(.ended)
        #expect(flight.receive(.failed) == .failed(2, wasPreparing: false))
        _ = flight.receive(.ended)
        #expect(flight.receive(.skipped) == .skipped(3))
        _ = flight.receive(.ended)
        #expect(flight.receive(.synced) == .synced)
    }

    @Test func `a statement that cannot be prepared fails once`() {
        var flight = Machine()
        flight.sent(.preparation(7))
        flight.sent(.statement(7))
        flight.sent(.preparation(8))
        flight.sent(.statement(8))
        flight.sent(.sync)
        #expect(flight.receive(.failed) == .failed(7, wasPreparing: true))
        _ = flight.receive(.ended)
        #expect(flight.receive(.skipped) == .none)
        _ = flight.receive(.ended)
        #expect(flight.receive(.skipped) == .unprepared(8))
        _ = flight.receive(.ended)
        #expect(flight.receive(.skipped) == .skipped(8))
    }

    @Test func `an error at the sync is a commit that failed`() {
        var flight = batch(1)
        _ = flight.receive(.completed)
        _ = flight.receive(.ended)
        #expect(flight.receive(.failed) == .commitFailed)
        #expect(flight.receive(.synced) == .synced)
    }

    @Test func `an answer to nothing is nonsense`() {
        var flight = Machine()
        #expect(flight.receive(.completed) == .nonsense)
        #expect(flight.receive(.ended) == .none)
        var waiting = batch(1)
        #expect(waiting.receive(.synced) == .nonsense)
    }

    @Test func `an end that is left out is taken for said`() {
        var flight = batch(1)
        #expect(flight.receive(.failed) == .failed(1, wasPreparing: false))
        #expect(flight.receive(.synced) == .synced)
        #expect(flight.isEmpty)
        #expect(flight.statementCount == 0)
    }

    @Test func `a stray end before the answer changes nothing`() {
        var flight = batch(1)
        #expect(flight.receive(.ended) == .none)
        #expect(flight.items == [1])
        #expect(flight.receive(.completed) == .succeeded(1))
    }
}
