import Base
import Testing

@testable import CoordinationRedis

/// What a link decides, step by step.
@Suite struct LinkMachineTests {
    private func call(_ bytes: Int = 1, until deadline: Duration = .seconds(1)) -> RedisCall {
        RedisCall(encoded: Array(repeating: 0, count: bytes), deadline: deadline, receiver: .nobody)
    }

    /// A machine that may be asked within an expectation.
    private final class Machine {
        private var machine: LinkMachine

        init(calls: Int, bytes: Int) { machine = LinkMachine(limits: .init(calls: calls, bytes: bytes)) }

        func submit(_ calls: [RedisCall]) -> LinkMachine.Submission { machine.submit(calls) }
        func takeForSending(on id: Int?) -> [RedisCall] { machine.takeForSending(on: id) }
        func takeAnswered(_ count: Int, on id: Int) -> [RedisCall]? { machine.takeAnswered(count, on: id) }
        func beginWatch() -> Bool { machine.beginWatch() }
        func look(at now: Duration) -> LinkMachine.Watch { machine.look(at: now) }
        func beginConnecting() -> Int? { machine.beginConnecting() }
        func established(_ id: Int, at now: Duration) -> LinkMachine.Standing? { machine.established(id, at: now) }
        func lost(_ id: Int?, at now: Duration) -> LinkMachine.Loss? { machine.lost(id, at: now) }
        func close() -> [RedisCall] { machine.close() }
    }

    private func machine(calls: Int = 10, bytes: Int = 100) -> Machine { Machine(calls: calls, bytes: bytes) }

    private func isTaken(_ submission: LinkMachine.Submission) -> Bool {
        if case .taken = submission { true } else { false }
    }

    private func mustWake(_ submission: LinkMachine.Submission) -> Bool {
        if case .taken(mustWake: true) = submission { true } else { false }
    }

    @Test func `calls wait for the first connection, and are refused while later ones are sought`() throws {
        let machine = machine()
        let first = try #require(machine.beginConnecting())
        #expect(isTaken(machine.submit([call()])))
        #expect(machine.takeForSending(on: nil).isEmpty)
        #expect(machine.established(first, at: .seconds(1)) == .init(gap: nil))
        #expect(machine.takeForSending(on: nil).count == 1)
        let loss = try #require(machine.lost(first, at: .seconds(2)))
        #expect(loss.calls.count == 1 && loss.isNew && loss.failures == 1)
        #expect(!isTaken(machine.submit([call()])))
        let second = try #require(machine.beginConnecting())
        #expect(!isTaken(machine.submit([call()])))
        #expect(try #require(machine.lost(second, at: .seconds(3))).isNew == false)
        let third = try #require(machine.beginConnecting())
        #expect(machine.established(third, at: .seconds(5)) == .init(gap: .seconds(3)))
        #expect(isTaken(machine.submit([call()])))
    }

    @Test func `one wake-up is asked for per burst`() throws {
        let machine = machine()
        let id = try #require(machine.beginConnecting())
        _ = machine.established(id, at: .zero)
        #expect(mustWake(machine.submit([call()])))
        #expect(!mustWake(machine.submit([call()])))
        #expect(machine.takeForSending(on: nil).count == 2)
        #expect(mustWake(machine.submit([call()])))
    }

    @Test func `replies of a connection that was given up belong to nobody`() throws {
        let machine = machine()
        let first = try #require(machine.beginConnecting())
        _ = machine.established(first, at: .zero)
        _ = machine.submit([call()])
        _ = machine.takeForSending(on: nil)
        _ = machine.lost(first, at: .zero)
        let second = try #require(machine.beginConnecting())
        _ = machine.established(second, at: .zero)
        _ = machine.submit([call()])
        _ = machine.takeForSending(on: nil)
        #expect(machine.takeAnswered(1, on: first)?.isEmpty == true)
        #expect(machine.lost(first, at: .zero) == nil)
        #expect(machine.takeAnswered(1, on: second)?.count == 1)
        #expect(machine.takeAnswered(1, on: second) == nil, "more replies than commands")
        #expect(machine.established(first, at: .zero) == nil)
    }

    @Test func `calls and bytes that wait are bounded, and answers make room`() throws {
        let machine = machine(calls: 3, bytes: 10)
        let id = try #require(machine.beginConnecting())
        _ = machine.established(id, at: .zero)
        #expect(!isTaken(machine.submit([call(11)])))
        #expect(isTaken(machine.submit([call(4), call(4)])))
        #expect(!isTaken(machine.submit([call(3)])))
        #expect(isTaken(machine.submit([call(2)])))
        #expect(!isTaken(machine.submit([call(0)])))
        _ = machine.takeForSending(on: nil)
        _ = machine.takeAnswered(1, on: id)
        #expect(isTaken(machine.submit([call(4)])))
    }

    @Test func `the oldest call decides when the connection is given up`() throws {
        let machine = machine()
        let id = try #require(machine.beginConnecting())
        _ = machine.established(id, at: .zero)
        #expect(!machine.beginWatch())
        _ = machine.submit([call(until: .seconds(1)), call(until: .seconds(2))])
        _ = machine.takeForSending(on: nil)
        #expect(machine.beginWatch())
        #expect(!machine.beginWatch(), "one watch is enough")
        #expect(machine.look(at: .milliseconds(500)) == .again(at: .seconds(1)))
        _ = machine.takeAnswered(1, on: id)
        #expect(machine.look(at: .seconds(1)) == .again(at: .seconds(2)))
        #expect(machine.look(at: .seconds(2)) == .expired)
        _ = machine.takeAnswered(1, on: id)
        #expect(machine.look(at: .seconds(3)) == .over)
    }

    @Test func `after the end nothing is taken`() throws {
        let machine = machine()
        let id = try #require(machine.beginConnecting())
        _ = machine.submit([call()])
        #expect(machine.close().count == 1)
        #expect(!isTaken(machine.submit([call()])))
        #expect(machine.beginConnecting() == nil)
        #expect(machine.established(id, at: .zero) == nil)
        #expect(machine.lost(id, at: .zero) == nil)
    }
}
