import Storage
import Synchronization
public import Testing

/// Gives back the databases that a test has leased when it ends.
public struct DatabaseScope: SuiteTrait, TestTrait, TestScoping {
    @TaskLocal static var current: Leases?

    /// What a test has leased.
    final class Leases: Sendable {
        private let leased = Mutex<[Backend.Leased]>([])

        func add(_ lease: Backend.Leased) { leased.withLock { $0.append(lease) } }

        func releaseAll() async {
            let all = leased.withLock { leased in
                defer { leased = [] }
                return leased
            }
            for lease in all.reversed() { await lease.release() }
        }
    }

    /// Each test of the suite has databases of its own.
    public var isRecursive: Bool { true }

    /// Runs a test, then gives back what it has leased.
    @concurrent public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await Self.within { try await function() }
    }

    /// Runs a part of a test, then gives back what that part has leased.
    ///
    /// For tests that need one database after the other: there are few at a time, and two tests that hold some and wait
    /// for more would wait for ever.
    public static func within(_ body: () async throws -> Void) async throws {
        let leases = Leases()
        do {
            try await $current.withValue(leases) { try await body() }
        } catch {
            await leases.releaseAll()
            throw error
        }
        await leases.releaseAll()
    }
}

extension Trait where Self == DatabaseScope {
    /// Lets the suite's tests lease databases.
    public static var databases: DatabaseScope { DatabaseScope() }
}
