public import Base
import BaseTestKit
public import Coordination
public import Realtime
public import Storage
public import StorageTestKit
import Telemetry

/// How the nodes of a test tell each other: a bus, on which the suite is run.
public struct RealtimeSharing: Sendable, CustomStringConvertible {
    /// The bus's name, as test reports show it.
    public let description: String
    /// Tables that it needs.
    public let modules: [SchemaModule]
    private let open: @Sendable (Storage) async throws -> CoordinationServices

    /// Describes a bus; `open` is called once for each node.
    public init(
        _ name: String, modules: [SchemaModule] = [],
        open: @escaping @Sendable (Storage) async throws -> CoordinationServices
    ) {
        description = name
        self.modules = modules
        self.open = open
    }

    /// One bus for all nodes of a test.
    public static func inProcess() -> RealtimeSharing {
        let bus = InProcessBus()
        return RealtimeSharing("process") { _ in
            CoordinationServices(bus: bus, status: { CoordinationStatus(store: .process) })
        }
    }

    func services(on storage: Storage) async throws -> CoordinationServices { try await open(storage) }
}

/// Nodes of an installation on one fresh database.
public struct RealtimeStage: Sendable {
    /// A node: a process of its own but for the memory.
    public struct Node: Sendable {
        /// What its transactions are written by.
        public let storage: Storage
        /// Its topics.
        public let realtime: Realtime
        let coordination: CoordinationServices
    }

    /// Whose topics they are, where a test needs only one.
    public let tenant = Tenant(ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001))
    /// Another one.
    public let other = Tenant(ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0002))
    /// Topics that everybody may listen to, with a short history.
    public static let room = TopicKind(
        "stage/room/{id}", history: TopicHistory(count: 10), sending: .signals(bytesMax: 100), showsPresence: true
    ) { visitor, _ in .admitted(as: visitor.role) }
    /// Topics that everybody may listen to, with a long history.
    public static let hall = TopicKind("stage/hall/{id}", history: TopicHistory(count: 1_000)) { _, _ in .admitted() }
    /// Topics that belong to one person.
    public static let desk = TopicKind("stage/desk/{person}") { visitor, topic in
        visitor.seat.description == topic["person"] ? .admitted() : .refused
    }

    private let driver: any StorageDriver
    private let modules: [SchemaModule]
    private let sharing: RealtimeSharing

    /// Opens a stage on a fresh database of an engine.
    public init(on backend: Backend, sharing: RealtimeSharing) async throws {
        modules = [RealtimeSchema.module] + sharing.modules
        driver = try await backend.leaseDriver(modules: modules)
        self.sharing = sharing
    }

    /// A node, which delivers while ``running(_:_:)`` runs.
    public func node(_ change: (inout RealtimeOptions) -> Void = { _ in }) async throws -> Node {
        let clock = SystemClock()
        let storage = Storage(
            driver: driver, modules: modules, cursorKey: Backend.cursorKey, clock: clock,
            randomness: SystemRandomness())
        let coordination = try await sharing.services(on: storage)
        var options = RealtimeOptions()
        options.lookEvery = .milliseconds(200)
        change(&options)
        let realtime = Realtime(
            storage: storage, bus: coordination.bus, clock: clock, randomness: SystemRandomness(),
            events: .silent(clock: clock), options: options)
        try realtime.declare([Self.room, Self.hall, Self.desk])
        return Node(storage: storage, realtime: realtime, coordination: coordination)
    }

    /// Has nodes deliver while `body` runs, from the moment on at which each hears the others.
    public func running<Result: Sendable>(
        _ nodes: [Node], _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes {
                group.addTask {
                    do { try await node.coordination.run() } catch is CancellationError {
                        // The end of the test.
                    }
                }
                group.addTask { try await node.realtime.run() }
            }
            let result: Result
            do { result = try await body() } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
            while try await group.next() != nil {}
            for node in nodes { await node.coordination.shutdown() }
            return result
        }
    }

    /// Somebody who listens.
    public func visitor(_ number: UInt64 = 1, of tenant: Tenant? = nil, named name: String? = nil) -> TopicVisitor {
        TopicVisitor(
            tenant: tenant ?? self.tenant, role: name, seat: ID(high: 0x0190_0000_0000_7000, low: number | 1 << 63))
    }

    /// Publishes numbers, each in a transaction of its own.
    public func publish(_ numbers: ClosedRange<Int>, to topic: TopicName, at node: Node, for other: Tenant? = nil)
        async throws
    {
        for number in numbers {
            try await node.storage.write(for: other ?? tenant) { try $0.publish(number, to: topic) }
        }
    }
}
