import Base
import BaseTestKit
import Caching
import Synchronization
import Testing

/// A door that tests open when they are ready.
final class Gate: Sendable {
    private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// A number that many tasks change.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .sequentiallyConsistent) }

    @discardableResult
    func increment() -> Int { count.add(1, ordering: .sequentiallyConsistent).newValue }
}

struct SourceError: Error, Hashable {
    var number = 0
}

/// Gives other tasks the processor until `condition` holds; fails after very many turns.
func eventually(_ condition: () -> Bool, _ location: SourceLocation = #_sourceLocation) async {
    for _ in 0..<2_000_000 {
        if condition() { return }
        await Task.yield()
    }
    Issue.record("the condition was never met", sourceLocation: location)
}

/// A registry on simulated time.
struct Bench {
    let clock = SimClock()
    let registry: CacheRegistry
    let tenant = Tenant(ID(high: 1, low: 1))
    let other = Tenant(ID(high: 2, low: 2))

    init(seed: UInt64 = 1) {
        registry = CacheRegistry(clock: clock, randomness: SeededRandomness(seed: seed))
    }
}
