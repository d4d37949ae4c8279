import Base
import BaseTestKit
import Testing

@Suite struct BoundedTests {
    @Test func `a full queue refuses and loses nothing`() {
        var queue = BoundedQueue<Int>(capacity: 3)
        var model: [Int] = []
        let randomness = SeededRandomness(seed: 7)
        for step in 0..<5_000 {
            if randomness.below(2) == 0 {
                let isTaken = queue.append(step)
                #expect(isTaken == (model.count < 3))
                if isTaken { model.append(step) }
            } else {
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            }
            #expect(queue.count == model.count)
        }
    }

    @Test func `a map forgets the entries written longest ago`() {
        var map = BoundedMap<Int, Int>(capacity: 8)
        var order: [Int] = []
        let randomness = SeededRandomness(seed: 8)
        for step in 0..<20_000 {
            let key = randomness.below(20)
            switch randomness.below(4) {
            case 0:
                map[key] = nil
                order.removeAll { $0 == key }
            case 1:
                let isThere = map.update(key) { $0 += 1 }
                #expect(isThere == order.contains(key))
            default:
                map[key] = step
                order.removeAll { $0 == key }
                order.append(key)
                if order.count > 8 { order.removeFirst() }
            }
            #expect(Set(map.keys) == Set(order))
        }
        #expect(map.evicted > 0)
    }

    @Test func `a secret shows nowhere`() {
        struct Holder { let secret = Secret("hunter2") }
        var dumped = ""
        dump(Holder(), to: &dumped)
        #expect(!"\(Holder().secret) \(String(reflecting: Holder())) \(dumped)".contains("hunter2"))
        #expect(Secret("hunter2").reveal { $0 } == "hunter2")
    }

    @Test func `money of two currencies does not add up`() throws {
        let euro = try #require(Money.Currency(rawValue: "EUR"))
        let dollar = try #require(Money.Currency(rawValue: "USD"))
        #expect(Money.Currency(rawValue: "eur") == nil)
        let amount = Money(minorUnits: 250, currency: euro)
        #expect(amount.adding(Money(minorUnits: 50, currency: euro))?.minorUnits == 300)
        #expect(amount.adding(Money(minorUnits: 50, currency: dollar)) == nil)
        #expect(Money(minorUnits: .max, currency: euro).adding(amount) == nil)
    }

    @Test func `sizes print in the unit that divides them`() {
        #expect("\(ByteCount.kibibytes(64)) \(ByteCount.mebibytes(3)) \(ByteCount(1_000))" == "64 KiB 3 MiB 1000 bytes")
    }
}

@Suite struct RandomnessTests {
    @Test func `a seed repeats its run and fractions stay within bounds`() {
        let first = SeededRandomness(seed: 9)
        let second = SeededRandomness(seed: 9)
        for _ in 0..<100 { #expect(first.next() == second.next()) }
        for _ in 0..<1_000 { #expect((0..<1).contains(first.fraction())) }
        #expect(first.bytes(13).count == 13)
    }

    @Test func `draws below a bound are even`() {
        let randomness = SeededRandomness(seed: 10)
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<70_000 { counts[randomness.below(7)] += 1 }
        // Six degrees of freedom: 22.5 is the 99.9th percentile of chi squared.
        let distance = counts.reduce(0.0) { $0 + Double(($1 - 10_000) * ($1 - 10_000)) / 10_000 }
        #expect(distance < 22.5)
    }
}

@Suite struct SimClockTests {
    @Test func `sleepers wake when their time has come, and not before`() async throws {
        let clock = SimClock()
        async let early: Void = clock.sleep(for: .seconds(1))
        async let late: Void = clock.sleep(for: .seconds(10))
        while clock.sleeperCount < 2 { await Task.yield() }
        clock.advance(by: .seconds(5))
        try await early
        #expect(clock.sleeperCount == 1)
        clock.advance(by: .seconds(5))
        try await late
    }

    @Test func `a cancelled sleeper wakes at once`() async {
        let clock = SimClock()
        let sleeper = Task { try await clock.sleep(for: .seconds(1)) }
        while clock.sleeperCount == 0 { await Task.yield() }
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(clock.sleeperCount == 0)
    }

    @Test func `a stepped clock moves the time of day and no deadline`() {
        let clock = SimClock(start: .epoch)
        clock.advance(by: .seconds(3))
        clock.step(to: Timestamp(microseconds: 100_000_000))
        #expect(clock.now().seconds == 100)
        #expect(clock.uptime() == .seconds(3))
    }
}
