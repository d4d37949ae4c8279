import Base
import Coordination
import CoordinationStorage
import Foundation
import Hosting
import Logging
import Realtime
import ServiceLifecycle
import Storage
import StoragePostgres
import StorageSQLite
import Telemetry
import Web

/// A server with one kind of topics and nothing else, to be measured beside servers of sockets that others have.
///
/// Usage: RealtimeServer PORT FOLDER [DATABASE [OPENS-PER-MINUTE]]. `POST /publish {"at": N}` publishes the number to
/// `bench/room/a` in a transaction; `GET /sessions?count=N` signs sessions of so many people. With an address of PostgreSQL
/// it is one node of several, whose keys and company are the same.
@main
struct RealtimeServer {
    static let room = TopicKind("bench/room/{id}") { _, _ in .admitted() }

    struct Note: Input, Encodable {
        var at: Int
        static let fields: [Field] = [.body("at", .integer)]
    }

    struct Count: Input {
        var count: Int
        static let fields: [Field] = [.query("count", .integer)]
    }

    struct Tokens: Output {
        var tokens: [String]
        static let shape = Shape.object([.body("tokens", .list(.text))])
    }

    /// The nodes of one run are told apart by their ports, and have this in common.
    private static let secret = Secret([UInt8](repeating: 7, count: 32))

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard (3...5).contains(arguments.count), let port = Int(arguments[1]) else {
            print("usage: RealtimeServer PORT FOLDER [DATABASE [OPENS-PER-MINUTE]]")
            exit(2)
        }
        let (clock, randomness) = (SystemClock(), SystemRandomness())
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        let modules = [RealtimeSchema.module, CoordinationSchema.module]
        let driver: any StorageDriver =
            arguments.count > 3
            ? try PostgresStorage(
                url: Secret(arguments[3]), clock: clock, randomness: randomness, logger: logger)
            : try SQLiteStorage(path: arguments[2] + "/realtime.sqlite")
        _ = try await Migrator(driver: driver, modules: modules, clock: clock).run()
        let storage = Storage(
            driver: driver, modules: modules, cursorKey: secret, clock: clock, randomness: randomness)
        let coordination =
            arguments.count > 3
            ? StorageCoordination.services(storage, clock: clock, randomness: randomness, events: .silent()) : .alone()
        var options = RealtimeOptions()
        options.connectionsPerSeat = 100_000
        let realtime = Realtime(
            storage: storage, bus: coordination.bus, clock: clock, randomness: randomness, events: .silent(),
            options: options)
        try realtime.declare([room])
        let keys = SigningKeys(SigningKeys.Key(name: "bench", secret: secret))
        let tenant = Tenant(ID(high: 1, low: 1))
        let sessions = await Sessions(keys: keys, clock: clock)
        let site = try Site(
            routes: RealtimeRoutes(
                realtime: realtime, opensPerMinute: arguments.count > 4 ? Int(arguments[4]) ?? 600 : 1_000_000
            ).routes + [publish(to: storage, of: tenant), sign(sessions, tenant, clock, randomness)],
            services: SiteServices(
                clock: clock, randomness: randomness, tenants: SingleTenant(tenant), keys: keys, sessions: sessions))
        var settings = ServerSettings()
        settings.port = port
        settings.connectionsMax = 100_000
        let server = WebServer(site, settings: settings, clock: clock, logger: logger)
        let services: [any Service] = [Sharing(coordination: coordination), realtime, server]
        try await ServiceGroup(
            configuration: .init(services: services.map { .init(service: $0) }, logger: logger)
        ).run()
    }

    /// What the nodes tell each other.
    private struct Sharing: Service {
        var coordination: CoordinationServices

        func run() async throws {
            try await cancelWhenGracefulShutdown {
                try await coordination.run()
                try await gracefulShutdown()
            }
        }
    }

    private static func publish(to storage: Storage, of tenant: Tenant) -> Route {
        Route(
            .post, "/publish", "bench.publish", "Publishes a number.", policy: .anyone,
            limit: .exempt(because: "It is measured."), budget: 2, status: 204
        ) { (request: Request<Note>) in
            let note = request.input
            try await storage.write(for: tenant) { try $0.publish(note, to: room("a")) }
            return NoContent()
        }
    }

    private static func sign(
        _ sessions: Sessions, _ tenant: Tenant, _ clock: SystemClock, _ randomness: SystemRandomness
    ) -> Route {
        Route(
            .get, "/sessions", "bench.sign", "Signs sessions.", policy: .anyone,
            limit: .exempt(because: "It is measured."), budget: 0
        ) { (request: Request<Count>) in
            var tokens: [String] = []
            for _ in 0..<min(1_000, request.input.count) {
                tokens.append(
                    try await sessions.sign(
                        ID(at: clock.now(), using: randomness), in: tenant, role: .member, version: 0))
            }
            return Tokens(tokens: tokens)
        }
    }
}
