import Foundation
import Synchronization
import Testing

/// The two engines; what a site promises holds on both.
enum Engine: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case sqlite
    case postgres

    /// The engines to test on: all of them, or those that `CAPSTAN_TEST_ENGINES` names.
    static let all: [Engine] = {
        guard let named = ProcessInfo.processInfo.environment["CAPSTAN_TEST_ENGINES"] else { return allCases }
        return named.split(separator: ",").compactMap { Engine(rawValue: String($0)) }
    }()

    var testDescription: String { rawValue }
}

/// A server with the demo season, on a database and a data folder of its own.
///
/// The demo is made once for each engine and copied; the server runs without `--demo`, so that its bot does not vote.
final class Site {
    let engine: Engine
    let folder: TemporaryFolder
    /// The data folder.
    let data: String
    let database: any TestDatabase
    let server: Capstan

    /// Prepares a copy of the demo; nothing runs yet.
    ///
    /// - Parameters:
    ///   - engine: what it stands on.
    ///   - data: where the data folder lies. Defaults to a temporary folder.
    ///   - database: a database that holds the demo already. Defaults to a copy.
    ///   - environment: further settings of the server.
    ///   - options: further options of the server.
    /// - Throws: `Broken` when the demo cannot be made or copied.
    init(
        _ engine: Engine, data: String? = nil, database: (any TestDatabase)? = nil,
        environment: [String: String] = [:], options: [String] = []
    ) throws {
        self.engine = engine
        folder = try TemporaryFolder()
        let data = data ?? folder.path + "/data"
        self.data = data
        let demo = try Demo.prepared(engine)
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        try Program.run(["cp", "-a", "--reflink=auto", demo.data + "/.", data + "/"])
        self.database =
            try database
            ?? {
                switch engine {
                case .sqlite: SQLiteFile(path: data + "/" + Demo.sqliteName)
                case .postgres:
                    try PostgresDatabase.create(Demo.newName(), from: Demo.postgresName)
                }
            }()
        server = try Capstan(
            database: self.database.url, data: data, options: options,
            environment: Demo.environment.merging(environment) { $1 })
    }
}

/// The demo season, made once in a run for each engine.
struct Demo: Sendable {
    static let sqliteName = "capstan.sqlite"
    static let postgresName = "system_demo"

    /// Settings of every server under test: a proxy tells each browser's address, and nobody guards the proxy's own.
    static let environment = [
        "CAPSTAN_SERVER_TRUSTED_HOPS": "1",
        "CAPSTAN_SERVER_GUARD_PER_MINUTE": "0",
        "CAPSTAN_LOG_LEVEL": "warning",
    ]

    var data: String

    private static let made = Mutex<[Engine: Result<Demo, Broken>]>([:])
    private static let names = Mutex(0)
    // The folder lives as long as the run.
    private static let folder = Mutex<TemporaryFolder?>(nil)

    static func newName() -> String {
        names.withLock { last in
            last += 1
            return "system_\(last)"
        }
    }

    static func prepared(_ engine: Engine) throws -> Demo {
        try made.withLock { made in
            if let result = made[engine] { return try result.get() }
            let result: Result<Demo, Broken>
            do {
                result = .success(try make(engine))
            } catch let error as Broken {
                result = .failure(error)
            } catch {
                result = .failure(Broken(.failed, error.localizedDescription))
            }
            made[engine] = result
            return try result.get()
        }
    }

    private static func make(_ engine: Engine) throws -> Demo {
        let parent = try folder.withLock { folder in
            if let folder { return folder.path }
            let new = try TemporaryFolder()
            folder = new
            return new.path
        }
        let data = "\(parent)/\(engine.rawValue)"
        let database: any TestDatabase =
            switch engine {
            case .sqlite: SQLiteFile(path: data + "/" + sqliteName)
            case .postgres: try PostgresDatabase.create(postgresName)
            }
        let server = try Capstan(
            database: database.url, data: data, options: ["--demo"], environment: environment)
        try server.start(within: .seconds(600))
        let status = try server.terminate()
        guard status == 0 else { throw Broken(.failed, "capstan ended with \(status):\n\(server.logEnd)") }
        return Demo(data: data)
    }
}
