import Base
import BaseTestKit
import Storage
import Synchronization
import Telemetry
import Testing

@Suite struct WriteCombinerTests {
    private let tenant = Tenant(ID(high: 0, low: 1))

    /// What a flush saw; opened by a test when the flush may go on.
    private final class Gate: Sendable {
        private struct State {
            var groups: [[Int]] = []
            var isOpen = false
            var passing: [CheckedContinuation<Void, Never>] = []
            var watching: [(count: Int, CheckedContinuation<Void, Never>)] = []
        }
        private let state = Mutex(State())

        var groups: [[Int]] { state.withLock { $0.groups } }

        func pass(_ group: [Int]) async {
            await withCheckedContinuation { continuation in
                let (seen, isOpen) = state.withLock { state in
                    state.groups.append(group)
                    let count = state.groups.count
                    let seen = state.watching.filter { $0.count <= count }.map(\.1)
                    state.watching.removeAll { $0.count <= count }
                    if !state.isOpen { state.passing.append(continuation) }
                    return (seen, state.isOpen)
                }
                for watcher in seen { watcher.resume() }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let passing = state.withLock { state in
                state.isOpen = true
                defer { state.passing = [] }
                return state.passing
            }
            for continuation in passing { continuation.resume() }
        }

        /// Returns once `count` flushes have begun.
        func began(_ count: Int) async {
            await withCheckedContinuation { continuation in
                let isSeen = state.withLock { state in
                    if state.groups.count >= count { return true }
                    state.watching.append((count, continuation))
                    return false
                }
                if isSeen { continuation.resume() }
            }
        }
    }

    private func combiner(
        _ gate: Gate, groupMax: Int = 100, waitingMax: Int = 100,
        failing: @escaping @Sendable (Int) -> StorageError? = { _ in nil }
    ) -> WriteCombiner<Int, Int> {
        var settings = CombinerSettings(for: .sqlite)
        settings.groupMax = groupMax
        settings.waitingMax = waitingMax
        settings.tenantWaitingMax = waitingMax
        return WriteCombiner(name: "test.write", settings: settings, key: { _ in Int?.none }) { _, inputs in
            await gate.pass(inputs)
            Cost.current?.add(to: .statements)
            for input in inputs { if let error = failing(input) { throw error } }
            return inputs.map { .success($0 * 10) }
        }
    }

    /// Waits until `count` inputs wait; they are submitted by tasks that run meanwhile.
    private func waiting(_ count: Int, in combiner: WriteCombiner<Int, Int>) async {
        while combiner.statistics.waiting < count { await Task.yield() }
    }

    @Test func `what is submitted during a flush goes out together with the next one`() async throws {
        let gate = Gate()
        let combiner = combiner(gate)
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { [tenant] in try await combiner.submit(0, for: tenant) }
            await gate.began(1)
            for input in 1...20 { group.addTask { [tenant] in try await combiner.submit(input, for: tenant) } }
            await waiting(20, in: combiner)
            gate.open()
            var sum = 0
            for try await outcome in group { sum += outcome }
            #expect(sum == (0...20).reduce(0, +) * 10)
        }
        #expect(gate.groups.map(\.count) == [1, 20])
    }

    @Test func `one bad row fails alone`() async throws {
        let gate = Gate()
        let combiner = combiner(gate) { $0 == 13 ? StorageError(.checkViolation, "13 is refused") : nil }
        await withTaskGroup(of: (Int, Result<Int, StorageError>).self) { group in
            group.addTask { [tenant] in
                (0, await result { () throws(StorageError) in try await combiner.submit(0, for: tenant) })
            }
            await gate.began(1)
            for input in 1...20 {
                group.addTask { [tenant] in
                    (input, await result { () throws(StorageError) in try await combiner.submit(input, for: tenant) })
                }
            }
            await waiting(20, in: combiner)
            gate.open()
            for await (input, outcome) in group {
                switch outcome {
                case .success(let value): #expect(value == input * 10 && input != 13)
                case .failure(let error): #expect(error.code == .checkViolation && input == 13)
                }
            }
        }
        #expect(combiner.statistics.splits >= 4)
    }

    @Test(arguments: [StorageError.Code.unavailable, .outcomeUnknown, .cancelled, .diskFull, .exhausted])
    func `an error that is not of one row fails the whole group at once`(code: StorageError.Code) async throws {
        let gate = Gate()
        let combiner = combiner(gate) { _ in StorageError(code, "gone") }
        await withTaskGroup(of: Result<Int, StorageError>.self) { group in
            for input in 0...5 {
                group.addTask { [tenant] in
                    await result { () throws(StorageError) in try await combiner.submit(input, for: tenant) }
                }
            }
            await gate.began(1)
            gate.open()
            for await outcome in group {
                #expect(throws: StorageError.self) { try outcome.get() }
            }
        }
        #expect(combiner.statistics.splits == 0)
    }

    @Test func `a full queue refuses clearly`() async throws {
        let gate = Gate()
        let combiner = combiner(gate, waitingMax: 2)
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { [tenant] in try await combiner.submit(0, for: tenant) }
            await gate.began(1)
            for input in 1...2 { group.addTask { [tenant] in try await combiner.submit(input, for: tenant) } }
            await waiting(2, in: combiner)
            let refused = await result { () throws(StorageError) in try await combiner.submit(3, for: tenant) }
            #expect(refused.code == .exhausted)
            gate.open()
            try await group.waitForAll()
        }
    }

    @Test func `a caller that gives up while waiting is not written, one in flight is`() async throws {
        let gate = Gate()
        let combiner = combiner(gate)
        await withTaskGroup(of: Result<Int, StorageError>.self) { group in
            group.addTask { [tenant] in
                await result { () throws(StorageError) in try await combiner.submit(0, for: tenant) }
            }
            await gate.began(1)
            group.addTask { [tenant] in
                await result { () throws(StorageError) in try await combiner.submit(1, for: tenant) }
            }
            await waiting(1, in: combiner)
            group.cancelAll()
            for await outcome in group { #expect(outcome.code == .cancelled) }
        }
        gate.open()
        await combiner.drain()
        #expect(gate.groups == [[0]])
    }

    @Test func `draining flushes what was accepted and refuses the rest`() async throws {
        let gate = Gate()
        let combiner = combiner(gate, groupMax: 2)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for input in 0..<7 { group.addTask { [tenant] in try await combiner.submit(input, for: tenant) } }
            await gate.began(1)
            while combiner.statistics.waiting + gate.groups.joined().count < 7 { await Task.yield() }
            gate.open()
            await combiner.drain()
            var count = 0
            for try await _ in group { count += 1 }
            #expect(count == 7)
        }
        let refused = await result { () throws(StorageError) in try await combiner.submit(8, for: tenant) }
        #expect(refused.code == .closed)
    }

    @Test func `each participant is told how many statements it shared`() async throws {
        let gate = Gate()
        gate.open()
        let combiner = combiner(gate)
        let (_, cost) = try await Cost.measure { try await combiner.submit(1, for: tenant) }
        #expect(cost[.sharedStatements] == 1)
        #expect(cost[.statements] == 0)
    }
}

/// Runs `work` and keeps its error as a value.
func result<Value>(_ work: () async throws(StorageError) -> Value) async -> Result<Value, StorageError> {
    do throws(StorageError) { return .success(try await work()) } catch { return .failure(error) }
}

extension Result where Failure == StorageError {
    /// The error's code; `nil` for a success.
    var code: StorageError.Code? { if case .failure(let error) = self { error.code } else { nil } }
}
