import Base
import Coordination
import Foundation
import Hosting
import Logging
import Realtime
import ServiceLifecycle
import Storage
import StorageSQLite
import Telemetry
import Web

/// A server with one kind of topics and nothing else, to be measured beside servers of sockets that others have.
///
/// Usage: RealtimeServer PORT FOLDER. `POST /publish {"at": N}` publishes the number to `bench/room/a` in a transaction.
@main
struct RealtimeServer {
    static let room = TopicKind("bench/room/{id}") { _, _ in .admitted() }

    struct Note: Input, Encodable {
        var at: Int
        static let fields: [Field] = [.body("at", .integer)]
    }

    static func main() async throws {
        guard CommandLine.arguments.count == 3, let port = Int(CommandLine.arguments[1]) else {
            print("usage: RealtimeServer PORT FOLDER")
            exit(2)
        }
        let (clock, randomness) = (SystemClock(), SystemRandomness())
        let modules = [RealtimeSchema.module]
        let driver = try SQLiteStorage(path: CommandLine.arguments[2] + "/realtime.sqlite")
        _ = try await Migrator(driver: driver, modules: modules, clock: clock).run()
        let storage = Storage(
            driver: driver, modules: modules, cursorKey: Secret(randomness.bytes(32)), clock: clock,
            randomness: randomness)
        let coordination = CoordinationServices.alone()
        var options = RealtimeOptions()
        options.connectionsPerSeat = 100_000
        let realtime = Realtime(
            storage: storage, bus: coordination.bus, clock: clock, randomness: randomness, events: .silent(),
            options: options)
        try realtime.declare([room])
        let keys = SigningKeys.ephemeral(randomness)
        let tenant = Tenant(ID(at: clock.now(), using: randomness))
        let publish = Route(
            .post, "/publish", "bench.publish", "Publishes a number.", policy: .anyone,
            limit: .exempt(because: "It is measured."), budget: 2, status: 204
        ) { (request: Request<Note>) in
            let note = request.input
            try await storage.write(for: tenant) { try $0.publish(note, to: room("a")) }
            return NoContent()
        }
        let site = try Site(
            routes: RealtimeRoutes(realtime: realtime, opensPerMinute: 1_000_000).routes + [publish],
            services: SiteServices(
                clock: clock, randomness: randomness, tenants: SingleTenant(tenant), keys: keys,
                sessions: await Sessions(keys: keys, clock: clock)))
        var settings = ServerSettings()
        settings.port = port
        settings.connectionsMax = 100_000
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        let server = WebServer(site, settings: settings, clock: clock, logger: logger)
        try await ServiceGroup(
            configuration: .init(services: [.init(service: realtime), .init(service: server)], logger: logger)
        ).run()
    }
}
