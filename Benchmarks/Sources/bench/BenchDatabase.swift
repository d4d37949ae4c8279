import Foundation

/// A database of its own on the server that `Scripts/bench` has started.
struct BenchDatabase: Sendable {
    /// Where `capstan` connects, as the owner of the database.
    let url: String
    /// Where psql and pgbench connect: the same role, so that both sides pay for the same rights.
    private let adminURL: String

    /// Makes an empty database.
    init(_ name: String) throws {
        let environment = ProcessInfo.processInfo.environment
        guard let owner = environment["CAPSTAN_TEST_POSTGRES"], let admin = environment["CAPSTAN_TEST_POSTGRES_ADMIN"]
        else { throw Impossible("no PostgreSQL: start this through Scripts/bench") }
        url = try Self.address(owner, database: name)
        adminURL = try Self.address(admin, database: name)
        try Command.run("psql", ["-qX", admin, "-c", "DROP DATABASE IF EXISTS \(name) WITH (FORCE)"])
        try Command.run("psql", ["-qX", admin, "-c", "CREATE DATABASE \(name) OWNER capstan"])
    }

    private static func address(_ url: String, database: String) throws -> String {
        guard var parts = URLComponents(string: url) else { throw Impossible("the address of PostgreSQL is no URL") }
        parts.path = "/" + database
        return parts.string ?? url
    }

    /// Runs SQL past row-level security, to fill and to check.
    @discardableResult
    func sql(_ text: String) throws -> [String] {
        try Command.run("psql", ["-qXAt", "-v", "ON_ERROR_STOP=1", adminURL], input: text)
            .split(separator: "\n").map(String.init)
    }

    /// Copies a query's rows to a file as CSV and returns the seconds it took.
    func copySeconds(_ query: String) throws -> Double {
        let file = try Command.temporaryFolder().appendingPathComponent("copy.csv").path
        return try Self.seconds {
            try Command.run("psql", ["-qX", adminURL, "-c", "\\copy (\(query)) to '\(file)' csv header"])
        }
    }

    /// Transactions per second of a pgbench script, prepared, right after a checkpoint.
    func transactionsPerSecond(_ script: String, clients: Int, seconds: Int) throws -> (perSecond: Double, p50: Double)
    {
        try sql("CHECKPOINT")
        let file = try Command.temporaryFolder().appendingPathComponent("script.sql")
        try script.write(to: file, atomically: true, encoding: .utf8)
        let text = try Command.run(
            "pgbench",
            ["-n", "-M", "prepared", "-c", "\(clients)", "-j", "1", "-T", "\(seconds)", "-f", file.path, url])
        func number(_ marker: String) -> Double {
            let line = text.split(separator: "\n").first { $0.hasPrefix(marker) } ?? ""
            return line.split(separator: " ").compactMap { Double($0) }.first ?? 0
        }
        return (number("tps = "), number("latency average"))
    }

    /// Seconds that some work takes.
    static func seconds(_ work: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock()
        let duration = try clock.measure(work)
        return Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}

/// The program under test on a database of its own, with the demo's season.
struct Capstan: Sendable {
    let server: Server

    /// Fills a database with the demo.
    ///
    /// The server that does so is stopped again: while it runs it draws the demo's films, which takes both cores.
    static func fillDemo(_ database: String) async throws {
        try await Capstan(database: database, isDemo: true).server.stop()
    }

    /// Fills a database with the demo and serves it.
    init(demoIn database: String) async throws {
        try await Self.fillDemo(database)
        try await self.init(database: database)
    }

    /// Starts `capstan serve` on a database that is filled, with settings beside our own, and waits until it is ready.
    init(database: String, settings: [String: String] = [:]) async throws {
        try await self.init(database: database, isDemo: false, settings: settings)
    }

    private init(database: String, isDemo: Bool, settings others: [String: String] = [:]) async throws {
        let port = Server.freePort()
        let data = try Command.temporaryFolder().path
        let settings = [
            // Load comes from one machine: each request names another client, and the guard over all routes is off.
            "CAPSTAN_SERVER_TRUSTED_HOPS": "1", "CAPSTAN_SERVER_GUARD_PER_MINUTE": "0", "CAPSTAN_LOG_LEVEL": "warning",
            "CAPSTAN_TOURNAMENT_BOT": "false",
        ].merging(others) { _, other in other }
        server = try await Server(
            Server.built("capstan"),
            ["serve", "--database", database, "--listen", "127.0.0.1:\(port)", "--data", data]
                + (isDemo ? ["--demo"] : []),
            port: port, path: "/health/ready", environment: settings)
    }

    /// The JSON document at a path.
    func json(_ path: String) throws -> [String: Any] {
        let text = try Command.run("curl", ["-sf", server.address + path])
        guard let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
            throw Impossible("\(path) did not answer with a JSON object")
        }
        return object
    }
}
