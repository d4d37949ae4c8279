import AIProvidersTestKit
import Base
import BaseTestKit
import Coordination
import Limits
import Logging
import Outbound
import OutboundTestKit
import Storage
import StorageTestKit
import Synchronization
import Telemetry
import Testing

@testable import AIProviders

/// The way out to a vendor on the loopback.
func makeOutbound(
    clock: any WallClock = SystemClock(), idle: Duration = .seconds(30)
) throws -> (outbound: OutboundClient, events: EventLog) {
    let events = EventLog(logger: Logger(label: "test"), metrics: MetricRegistry(), clock: clock)
    var options = try OutboundOptions.trustingPeers()
    options.idleTimeout = idle
    options.callsPerHostMax = 64
    options.waitingPerHostMax = 4_096
    return (OutboundClient(options, clock: clock, events: events), events)
}

/// Keeps what a receiver is given.
final class Heard: Sendable {
    private let pieces = Mutex<[String]>([])

    var text: String { pieces.withLock { $0.joined() } }
    var count: Int { pieces.withLock { $0.count } }

    func hear(_ text: String) { pieces.withLock { $0.append(text) } }
}

/// A door that is shut until a test opens it, or whoever waits at it is cancelled.
final class Gate: Sendable {
    private let stream = AsyncStream.makeStream(of: Void.self)
    private let isOpen = Mutex(false)

    func pass() async {
        guard !isOpen.withLock({ $0 }) else { return }
        for await _ in stream.stream { return }
    }

    func open() {
        isOpen.withLock { $0 = true }
        stream.continuation.finish()
    }
}

/// Models over a vendor on the loopback, with a database, ledgers and prices of their own.
struct Bench: Sendable {
    static let model = ModelName(provider: "openai", model: "m-1")
    static let second = ModelName(provider: "anthropic", model: "c-1")

    let clock: any WallClock
    let storage: Storage
    let bus = InProcessBus()
    let models: AIModels
    let calls: CreditLedger
    let tokens: CreditLedger
    let money: CreditLedger
    let tenant = Tenant(ID(high: 1, low: 1))

    /// Over a storage that several nodes may share.
    init(
        on storage: Storage, vendor: ScriptedModel, fallback: ScriptedModel? = nil,
        clock: any WallClock = SystemClock(),
        options: AIModelsOptions = AIModelsOptions(), idle: Duration = .seconds(30)
    ) throws {
        self.clock = clock
        self.storage = storage
        let (outbound, events) = try makeOutbound(idle: idle)
        let registry = LimitRegistry(clock: clock)
        calls = CreditLedger("test.calls", per: .day, storage: storage, clock: clock, in: registry)
        tokens = CreditLedger("test.tokens", per: .day, storage: storage, clock: clock, in: registry)
        money = CreditLedger("test.money", per: .month, storage: storage, clock: clock, in: registry)
        var providers: [any AIProvider] = [
            OpenAICompatible(
                "openai", at: vendor.base, key: Secret("key"), through: outbound, clock: SystemClock(),
                deadline: .seconds(60))
        ]
        var chain = [Self.model]
        if let fallback {
            providers.append(
                Anthropic(at: fallback.anthropicBase, key: Secret("key"), through: outbound, clock: SystemClock()))
            chain.append(Self.second)
        }
        models = try AIModels(
            providers, chat: chain, embedding: Self.model, dimensions: 8,
            prices: try PriceList(
                "openai:m-1@2020-01-01=1000000/3000000, anthropic:c-1@2020-01-01=2000000/1000000"), storage: storage,
            bus: bus, clock: clock, randomness: SystemRandomness(), events: events, options)
    }

    static func lease(_ backend: Backend, clock: any WallClock = SystemClock()) async throws -> Storage {
        try await lease(backend, nodes: 1, clock: clock)[0]
    }

    /// The storages of several nodes on one database, each with connections of its own where the engine has them.
    static func lease(
        _ backend: Backend, nodes: Int, clock: any WallClock = SystemClock()
    ) async throws -> [Storage] {
        // A thousand calls wait in line for the few connections of a test.
        var options = Backend.Options()
        options.leaseTimeout = .seconds(60)
        let modules = [LimitsSchema.module, AIProvidersSchema.module]
        return try await backend.leaseDrivers(nodes, modules: modules, options: options).map {
            Storage(
                driver: $0, modules: modules, cursorKey: Backend.cursorKey, clock: clock,
                randomness: SystemRandomness())
        }
    }

    func id(_ number: UInt64) -> ID<Answer> { ID(high: 3, low: number) }

    func budget(_ ledger: CreditLedger, _ limit: Int, _ unit: AIBudget.Unit) -> AIBudget {
        AIBudget(ledger, of: LimitKey(tenant), limit: limit, in: unit)
    }

    func usage(of ledger: CreditLedger) async throws -> [Int] {
        let usage = try await ledger.usage(of: LimitKey(tenant))
        return [usage.used, usage.held]
    }
}

let question = ChatRequest([ChatMessage(.user, "Hello?")], tokensMax: 100)

/// What an expression throws as an ``AIError``; `nil` when it throws none.
func failure(_ work: () async throws -> Void) async -> AIError? {
    do {
        try await work()
        return nil
    } catch {
        return error as? AIError
    }
}
