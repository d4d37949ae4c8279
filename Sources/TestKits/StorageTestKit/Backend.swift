public import Base
import BaseTestKit
public import Storage
public import Testing

/// An engine on which tests of storage run, each on a fresh database of its own.
///
/// ```swift
/// @Suite(.databases) struct FlagTests {
///     @Test(arguments: Backend.all) func `a flag is off until it is set`(backend: Backend) async throws {
///         let storage = try await backend.lease(modules: [FlagSchema.module])
/// ```
public struct Backend: Sendable, CustomTestStringConvertible {
    /// Where the engines differ, each with a test of its own.
    public enum Capability: Sendable, Hashable, CaseIterable {
        /// Several transactions write at the same time, so that two may wait for each other.
        case concurrentWriters
        /// The engine itself keeps tenants apart.
        case rowSecurity
        /// JSON is checked and normalised when it is stored.
        case checkedJSON
    }

    /// Bounds that a test sets for its driver.
    public struct Options: Sendable {
        /// Longest run of one statement.
        ///
        /// Defaults to 30 seconds; 10 milliseconds to 10 minutes.
        public var statementTimeout: Duration = .seconds(30)
        /// Longest wait for a connection.
        ///
        /// Defaults to 20 seconds; 10 milliseconds to 10 minutes.
        public var leaseTimeout: Duration = .seconds(20)

        /// The defaults.
        public init() {}
    }

    /// A driver on a fresh database whose migrations have run.
    public struct Leased: Sendable {
        /// The driver.
        public let driver: any StorageDriver
        /// Opens a further driver on the same database; `nil` where one process has a database to itself.
        public let another: (@Sendable () throws -> any StorageDriver)?
        /// Closes the driver and removes its database.
        public let release: @Sendable () async -> Void

        /// Hands over a driver.
        public init(
            driver: any StorageDriver, another: (@Sendable () throws -> any StorageDriver)? = nil,
            release: @escaping @Sendable () async -> Void
        ) {
            self.driver = driver
            self.another = another
            self.release = release
        }
    }

    /// The engine's name, as test reports show it.
    public let name: String
    /// What it can do that not all can.
    public let capabilities: Set<Capability>
    private let open: @Sendable ([SchemaModule], Options) async throws -> Leased

    /// Describes an engine; `open` makes a fresh database and runs the modules' migrations.
    public init(
        name: String, capabilities: Set<Capability>,
        open: @escaping @Sendable ([SchemaModule], Options) async throws -> Leased
    ) {
        self.name = name
        self.capabilities = capabilities
        self.open = open
    }

    /// The engine's name.
    public var testDescription: String { name }

    /// A driver on a fresh database that lasts until the end of the test.
    ///
    /// - Throws: `storage.setup` outside of a suite with the trait ``Testing/Trait/databases``.
    public func leaseDriver(
        modules: [SchemaModule], options: Options = Options()
    ) async throws -> any StorageDriver {
        let drivers = try await leaseDrivers(1, modules: modules, options: options)
        return drivers[0]
    }

    /// The drivers of several nodes on one fresh database that lasts until the end of the test.
    ///
    /// Each has connections of its own, as processes have; where one process has a database to itself they are one.
    ///
    /// - Throws: `storage.setup` outside of a suite with the trait ``Testing/Trait/databases``.
    public func leaseDrivers(
        _ count: Int, modules: [SchemaModule], options: Options = Options()
    ) async throws -> [any StorageDriver] {
        guard let scope = DatabaseScope.current else {
            throw StorageError(.setup, "a database is leased outside of a suite with the trait .databases")
        }
        let leased = try await open(modules, options)
        scope.add(leased)
        var drivers = [leased.driver]
        while drivers.count < count {
            guard let another = try leased.another?() else {
                drivers.append(leased.driver)
                continue
            }
            // Closed before the database is emptied, since leases are given back from the last to the first.
            scope.add(Leased(driver: another) { await another.shutdown() })
            drivers.append(another)
        }
        return drivers
    }

    /// Storage on a fresh database that lasts until the end of the test.
    ///
    /// - Parameters:
    ///   - modules: Whose migrations have run.
    ///   - clock: The machine's when not given.
    ///   - randomness: The system's when not given.
    ///   - options: Bounds of the driver.
    /// - Returns: Storage that is shut down when the test ends.
    /// - Throws: `storage.setup` outside of a suite with the trait ``Testing/Trait/databases``.
    public func lease(
        modules: [SchemaModule], clock: any WallClock = SystemClock(),
        randomness: any Randomness = SystemRandomness(), options: Options = Options()
    ) async throws -> Storage {
        Storage(
            driver: try await leaseDriver(modules: modules, options: options), modules: modules,
            cursorKey: Self.cursorKey, clock: clock,
            randomness: randomness)
    }

    /// What signs cursors in tests.
    public static let cursorKey = Secret(Array<UInt8>(repeating: 0x5A, count: 32))
}
