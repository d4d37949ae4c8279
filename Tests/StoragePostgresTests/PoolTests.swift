import Base
import Storage
import Testing

@testable import StoragePostgres

@Suite struct PoolTests {
    private func pool(waitersMax: Int = 2) -> TransactionPool {
        TransactionPool(
            connections: 2, acquireTimeout: .seconds(5), outageTimeout: .seconds(2), waitersMax: waitersMax)
    }

    @Test func `callers are served in order, by the connection that was used last`() {
        var pool = pool()
        #expect(pool.acquire(1, now: .zero) == [.open])
        #expect(pool.available(0, now: .seconds(1)) == [.grant(1, slot: 0)])
        #expect(pool.acquire(2, now: .seconds(1)) == [.open])
        #expect(pool.acquire(3, now: .seconds(1)) == [.open])
        #expect(pool.available(0, now: .seconds(2)) == [.grant(2, slot: 0)])
        #expect(pool.available(1, now: .seconds(2)) == [.grant(3, slot: 1)])
        #expect(pool.available(0, now: .seconds(3)) == [])
        #expect(pool.available(1, now: .seconds(3)) == [])
        #expect(pool.acquire(4, now: .seconds(3)) == [.grant(4, slot: 1)])
        #expect(pool.holders.count == 1)
    }

    @Test func `work behind requests leaves a connection to them, and waits behind them`() {
        var pool = pool(waitersMax: 4)
        _ = pool.available(0, now: .zero)
        _ = pool.available(1, now: .zero)
        #expect(pool.acquire(1, .prompt, now: .zero) == [.grant(1, slot: 1)])
        #expect(pool.acquire(2, .bulk, now: .zero) == [])
        #expect(pool.acquire(3, .prompt, now: .milliseconds(1)) == [])
        #expect(pool.acquire(4, now: .milliseconds(2)) == [.grant(4, slot: 0)])
        #expect(pool.acquire(5, now: .milliseconds(3)) == [.open])
        #expect(pool.available(1, now: .milliseconds(4)) == [.grant(5, slot: 1)])
        #expect(pool.available(0, now: .milliseconds(5)) == [.grant(3, slot: 0)])
        #expect(pool.available(1, now: .milliseconds(6)) == [])
        #expect(pool.available(0, now: .milliseconds(7)) == [.grant(2, slot: 0)])
    }

    @Test func `the queue is bounded`() {
        var pool = pool(waitersMax: 1)
        #expect(pool.acquire(1, now: .zero) == [.open])
        #expect(pool.acquire(2, now: .zero) == [.refuse(2, .queueIsFull)])
        let cancelled = [pool.cancel(1), pool.cancel(1)]
        #expect(cancelled == [true, false])
        #expect(pool.acquire(2, now: .zero) == [.open])
    }

    @Test func `a wait ends, sooner when the server is down`() {
        var pool = pool()
        _ = pool.acquire(1, now: .zero)
        _ = pool.acquire(2, now: .seconds(1))
        #expect(pool.expire(now: .seconds(4), isServerUp: true) == [])
        #expect(pool.expire(now: .seconds(5), isServerUp: true) == [.refuse(1, .waitedTooLong)])
        #expect(pool.expire(now: .seconds(5), isServerUp: false) == [.refuse(2, .serverIsDown)])
        #expect(pool.waitingCount == 0)
    }

    @Test func `a lost connection is nobody's, and opened again for who waits`() {
        var pool = pool()
        _ = pool.acquire(1, now: .zero)
        _ = pool.available(0, now: .zero)
        #expect(pool.lost(0) == [])
        #expect(pool.holders.isEmpty)
        _ = pool.acquire(2, now: .zero)
        #expect(pool.lost(0) == [.open])
    }

    @Test func `the account names the longest holders first`() {
        var pool = pool()
        _ = pool.acquire(1, now: .zero)
        _ = pool.available(0, now: .zero)
        _ = pool.acquire(2, now: .seconds(1))
        _ = pool.available(1, now: .seconds(1))
        pool.uses(0, statement: "report.sum")
        #expect(
            pool.account(now: .seconds(3))
                == "2 held (report.sum for 3000 ms, a transaction without a statement yet for 2000 ms), 0 waiting")
    }

    @Test func `a server that is down is tried by one connection at a time, ever more seldom`() {
        var slots = ConnectionSlots(count: 3)
        #expect(slots.open(now: .zero) == 0)
        #expect(slots.open(now: .zero) == 1)
        slots.opened(0)
        slots.refused(1, now: .zero, fraction: 0)
        #expect(slots.openCount == 1)
        #expect(slots.open(now: .milliseconds(24)) == nil)
        #expect(slots.open(now: .milliseconds(25)) == 1)
        #expect(slots.open(now: .milliseconds(25)) == nil)
        slots.refused(1, now: .milliseconds(25), fraction: 0.5)
        #expect(slots.pauseEnd == .milliseconds(100))
        #expect(slots.open(now: .milliseconds(100)) == 1)
        slots.opened(1)
        #expect(slots.open(now: .milliseconds(100)) == 2)
        slots.lost(0)
        #expect(slots.open(now: .milliseconds(100)) == 0)
        #expect(slots.open(now: .milliseconds(100)) == nil)
        for failures in 1...40 {
            for fraction in [0, 0.5, 0.999] {
                let pause = ConnectionSlots.pause(afterFailures: failures, fraction: fraction)
                #expect(pause >= .milliseconds(25) && pause <= .seconds(5))
            }
        }
    }

    @Test func `the statement that was used longest ago makes room`() {
        var prepared = PreparedStatements<String>(capacity: 2)
        #expect(prepared.use("a") == .prepare(name: "s1", deallocate: nil))
        #expect(prepared.use("b") == .prepare(name: "s2", deallocate: nil))
        #expect(prepared.use("a") == .send(name: "s1"))
        #expect(prepared.use("c") == .prepare(name: "s3", deallocate: "s2"))
        #expect(prepared.use("a") == .send(name: "s1"))
        #expect(prepared.use("b") == .prepare(name: "s4", deallocate: "s3"))
        prepared["a"] = nil
        #expect(prepared.use("a") == .prepare(name: "s5", deallocate: nil))
        #expect(prepared.count == 2)
    }
}
