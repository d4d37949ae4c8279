import Base
import Blobs
import Caching
import Coordination
import Foundation
import Hosting
import Jobs
import Limits
import Logging
import Realtime
import Storage
import StoragePostgres
import StorageSQLite
import Telemetry
import Web

/// The parts that every command stands on: settings, keys, the database.
struct Installation: Sendable {
    let products: [any Product.Type]
    let plans: ProductPlans
    let settings: Settings
    let clock: any WallClock
    let randomness: any Randomness
    let logger: Logger
    let database: DatabaseAddress
    let dataFolder: String
    let server: ServerSettings

    /// Reads settings and checks the products' plans; opens nothing.
    init(products names: String?, overrides: [Setting: String]) throws {
        products = try Products.chosen(names)
        plans = try ProductPlans(products.map { $0.plan }, platform: Products.platformModules)
        settings = try PlatformSettings.read(
            PlatformSettings.all + plans.plans.flatMap(\.settings), overrides: overrides)
        clock = SystemClock()
        randomness = SystemRandomness()
        let level = LogLevelSetting(
            settings.text(PlatformSettings.logLevel).flatMap(Logger.Level.init(rawValue:)) ?? .info)
        let clock = clock
        logger = Logger(label: "capstan") { JSONLogHandler(label: $0, level: level, clock: clock) }
        server = try Self.server(settings)
        dataFolder = settings.text(PlatformSettings.data) ?? "./capstan-data"
        database = try DatabaseAddress(
            settings.text(PlatformSettings.database) ?? "sqlite:\(dataFolder)/capstan.sqlite")
    }

    private static func server(_ settings: Settings) throws(Failure) -> ServerSettings {
        let text = settings.text(PlatformSettings.listen) ?? ""
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port), colon != text.startIndex
        else { throw .usedWrongly("the address to listen at must be HOST:PORT, as in 127.0.0.1:8080") }
        var server = ServerSettings()
        let host = text[..<colon]
        // An address of IPv6 stands in brackets, so that its colons are not taken for the port's.
        server.host = String(host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host)
        server.port = port
        server.connectionsMax = settings.integer(PlatformSettings.connections)
        server.drainTimeout = .seconds(settings.integer(PlatformSettings.drain))
        return server
    }

    /// How this process works on jobs.
    var jobOptions: JobOptions {
        var options = JobOptions()
        options.concurrency = [
            .interactive: settings.integer(PlatformSettings.jobsInteractive),
            .default: settings.integer(PlatformSettings.jobsDefault),
            .bulk: settings.integer(PlatformSettings.jobsBulk),
        ]
        options.drain = .seconds(settings.integer(PlatformSettings.jobsDrain))
        options.retention = .seconds(settings.integer(PlatformSettings.jobsRetention) * 86_400)
        return options
    }

    /// The bounds of this process's sockets and streams of events.
    var realtimeOptions: RealtimeOptions {
        var options = RealtimeOptions()
        options.connectionsPerSeat = settings.integer(PlatformSettings.realtimePerPerson)
        options.connectionsPerTenant = settings.integer(PlatformSettings.realtimePerTenant)
        return options
    }

    /// Whether only this machine can reach the server: the only place for accounts whose password everybody knows.
    var isLocal: Bool { ["127.0.0.1", "::1", "localhost"].contains(server.host) }

    /// Opens the engine.
    func openDriver() async throws -> any StorageDriver {
        switch database {
        case .sqlite(let path):
            try createFolder(to: path)
            return try SQLiteStorage(path: path)
        case .postgres(let address):
            var options = PostgresOptions()
            options.applicationName = settings.text(PlatformSettings.nodeName) ?? "capstan"
            if settings.text(PlatformSettings.pooling) == "transaction" { options.pooling = .transactionPooler }
            options.directURL = settings.secret(PlatformSettings.directDatabase)
            return try PostgresStorage(
                url: Secret(address), options: options, clock: clock, randomness: randomness, logger: logger)
        }
    }

    /// Puts the façade before an engine.
    func openStorage(over driver: any StorageDriver, keys: InstallationKeys) -> Storage {
        Storage(
            driver: driver, modules: plans.modules, cursorKey: keys.cursors, clock: clock, randomness: randomness)
    }

    /// Brings the schema up to date; tells what was done.
    func migrate(_ driver: any StorageDriver) async throws -> [MigrationName] {
        try await Migrator(driver: driver, modules: plans.modules, clock: clock).run()
    }

    /// Makes the folder in which a file is to stand.
    func createFolder(to file: String) throws(Failure) {
        try createFolder(URL(fileURLWithPath: file).deletingLastPathComponent().path)
    }

    func createFolder(_ path: String) throws(Failure) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .failed(
                "the folder \(path) cannot be made (\(error.localizedDescription)): choose another with --data")
        }
    }
}
