import Base
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Testing

@Suite(.databases) struct UrgencyConformanceTests {
    /// Transactions that have begun, each of which stays open until all may end.
    private final class Door: Sendable {
        private struct State {
            var begun: [Urgency] = []
            var isOpen = false
            var waiting: [CheckedContinuation<Void, Never>] = []
        }
        private let state = Mutex(State())

        var begun: [Urgency] { state.withLock { $0.begun } }

        func pass() async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    state.begun.append(.current)
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let waiting = state.withLock { state in
                state.isOpen = true
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    /// Has work wait and then a request, and says when each began; `nil` when the work had waited so long by then that it
    /// counts as much as a request.
    private func race(works: Int, on storage: Storage) async throws -> [Urgency]? {
        let door = Door()
        let clock = ContinuousClock()
        let start = clock.now
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<works {
                group.addTask {
                    try await Urgency.$current.withValue(.bulk) {
                        try await storage.write(for: Specimens.tenant) { _ in await door.pass() }
                    }
                }
            }
            while door.begun.count + storage.driver.statistics().waiting < works { await Task.yield() }
            group.addTask { try await storage.write(for: Specimens.tenant) { _ in await door.pass() } }
            // Where there are several connections one is left to it; else it waits, and is the next.
            while !door.begun.contains(.request),
                door.begun.count + storage.driver.statistics().waiting <= works
            { await Task.yield() }
            let isInTime = clock.now - start < Urgency.bulk.headStart
            door.open()
            try await group.waitForAll()
            return isInTime ? door.begun : nil
        }
    }

    @Test(arguments: Backend.all)
    func `a request goes before all work behind requests that waits`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let works = 12
        for _ in 0..<100 {
            guard let begun = try await race(works: works, on: storage) else { continue }
            let place = try #require(begun.firstIndex(of: .request))
            // No more than the three before it that all connections but one could hold.
            #expect(place <= 3)
            #expect(begun.count == works + 1)
            return
        }
        Issue.record("the machine was too slow a hundred times")
    }
}
