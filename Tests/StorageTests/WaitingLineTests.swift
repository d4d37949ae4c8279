import Base
import BaseTestKit
import Storage
import Testing

@Suite struct WaitingLineTests {
    private struct Waiting {
        var key: Int
        var urgency: Urgency
        var since: Duration
    }

    @Test(arguments: 0..<100)
    func `whoever has a turn came first, counting head starts, and less urgent work leaves connections free`(seed: Int)
    {
        let randomness = SeededRandomness(seed: UInt64(seed))
        let connections = 1 + randomness.below(5)
        var line = WaitingLine<Int, Int>(connections: connections)
        var now = Duration.zero
        var last = 0
        var waiting: [Waiting] = []
        var held: [Urgency] = []
        func mayHold(_ urgency: Urgency) -> Bool {
            switch urgency {
            case .request: true
            case .prompt, .ordinary: held.count { $0 > .request } < max(1, connections - 1)
            case .bulk:
                held.count { $0 > .request } < max(1, connections - 1)
                    && held.count { $0 == .bulk } < max(1, connections / 2)
            }
        }
        for _ in 0..<400 {
            now += .milliseconds(1 + randomness.below(200))
            switch randomness.below(8) {
            case 0..<3:
                last += 1
                let urgency = Urgency.allCases[randomness.below(4)]
                line.append(last, as: last, urgency, at: now)
                waiting.append(Waiting(key: last, urgency: urgency, since: now))
            case 3..<5:
                guard held.count < connections else { break }
                let next = waiting.filter { mayHold($0.urgency) }.min {
                    ($0.since + $0.urgency.headStart, $0.urgency) < ($1.since + $1.urgency.headStart, $1.urgency)
                }
                let turn = line.next()
                #expect(turn?.key == next?.key && turn?.waiter == next?.key && turn?.urgency == next?.urgency)
                guard let next else { break }
                waiting.removeAll { $0.key == next.key }
                held.append(next.urgency)
            case 5:
                guard !held.isEmpty else { break }
                line.gaveBack(held.remove(at: randomness.below(held.count)))
            case 6:
                guard !waiting.isEmpty else { break }
                let gone = waiting.remove(at: randomness.below(waiting.count))
                #expect(line.remove(gone.key) == gone.key)
                let again = line.remove(gone.key)
                #expect(again == nil)
            default:
                let end = now - .seconds(3)
                #expect(line.removeAll(since: end) == waiting.filter { $0.since <= end }.map(\.key))
                waiting.removeAll { $0.since <= end }
            }
            #expect(line.count == waiting.count)
            #expect(line.oldest == waiting.map(\.since).min())
        }
        #expect(line.removeAll() == waiting.map(\.key))
        #expect(line.count == 0)
    }

    @Test func `nobody comes along who is less urgent than who serves them`() {
        for urgency in Urgency.allCases {
            var line = WaitingLine<Int, Int>(connections: 1)
            // The least urgent came first, and long ago.
            for (key, level) in Urgency.allCases.reversed().enumerated() {
                line.append(key, as: key, level, at: .seconds(key))
                line.append(10 + key, as: 10 + key, level, at: .seconds(10 + key))
            }
            // Keys count down from the least urgent: 3 and 13 are requests.
            let expected = (0..<4).filter { 3 - $0 <= urgency.rawValue }
            let taken = line.takeAlong(max: 5, downTo: urgency) { _ in true }
            #expect(taken == Array((expected + expected.map { 10 + $0 }).prefix(5)))
            #expect(line.count == 8 - taken.count)
            let none = line.takeAlong(max: 5, downTo: urgency) { _ in false }
            #expect(none.isEmpty)
        }
    }

    @Test func `nobody waits for ever, however many more urgent ones come`() {
        var line = WaitingLine<Int, Int>(connections: 2)
        line.append(0, as: 0, .bulk, at: .zero)
        var served: Int?
        for turn in 1...100 where served == nil {
            let now = Duration.milliseconds(100 * turn)
            line.append(turn, as: turn, .request, at: now)
            guard let next = line.next() else { continue }
            line.gaveBack(next.urgency)
            if next.key == 0 { served = turn }
        }
        #expect(served == 7, "after its head start of 600 ms")
    }
}
