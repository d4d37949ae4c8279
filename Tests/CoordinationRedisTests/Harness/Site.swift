import Base
import CoordinationRedis
import Foundation
import Synchronization
import Telemetry
import Testing

/// A kind of server on which the contracts are to hold, started when a test first needs it.
enum Site: String, CaseIterable, CustomTestStringConvertible {
    /// One server, without password.
    case single
    /// One server, entered with TLS and a user's password.
    case secured
    /// Three servers that share the slots.
    case cluster

    var testDescription: String { rawValue }

    /// How a client reaches it.
    var entrance: Entrance {
        get throws {
            switch self {
            case .single: try Self.singleServer.get()
            case .secured: try Self.securedServer.get()
            case .cluster: try Self.servers.get()
            }
        }
    }

    /// A client of its own, whose keys and channels are its own too.
    func client(prefix: String? = nil, _ change: (inout RedisOptions) -> Void = { _ in }) throws -> RedisClient {
        try entrance.client(prefix: prefix, change)
    }

    private static let singleServer = Result { Entrance(servers: [try RedisServer()]) }
    private static let securedServer = Result { try Entrance.secured() }
    private static let servers = Result { try Entrance.cluster() }
}

/// Servers, and how a client enters them.
struct Entrance: Sendable {
    private static let last = Atomic<Int>(0)

    let servers: [RedisServer]
    var address: String { servers.map(\.address).joined(separator: ",") }
    var trustFile: String?

    func client(
        prefix: String? = nil, events: EventLog = .silent(), _ change: (inout RedisOptions) -> Void = { _ in }
    ) throws -> RedisClient {
        var options = RedisOptions()
        options.prefix = prefix ?? "test\(Self.last.add(1, ordering: .relaxed).newValue)"
        options.trustFile = trustFile
        // Tests share their machine with compilers.
        options.commandTimeout = .seconds(20)
        options.connectTimeout = .seconds(20)
        options.pauseMax = .milliseconds(400)
        change(&options)
        return try RedisClient(
            RedisAddress(address), options: options, clock: SystemClock(), randomness: SystemRandomness(),
            events: events)
    }

    fileprivate static func secured() throws -> Entrance {
        let folder = try Programs.folder()
        let (key, certificate) = (folder + "/key.pem", folder + "/certificate.pem")
        try Programs.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
        ])
        let port = freePort()
        let server = try RedisServer(
            port: port,
            arguments: [
                "--port", "0", "--tls-port", "\(port)", "--tls-cert-file", certificate, "--tls-key-file", key,
                "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no",
                "--user", "default", "off", "--user", "capstan", "on", ">s3cret p@ss", "~*", "&*",
                // What the operating page tells to give.
                "+@connection", "+@read", "+@write", "+@scripting", "+publish", "+subscribe", "+unsubscribe", "+time",
                "+cluster|slots",
            ],
            address: "rediss://capstan:s3cret%20p%40ss@localhost:\(port)")
        return Entrance(servers: [server], trustFile: certificate)
    }

    /// Servers of which each has a part of the slots.
    static func cluster(of count: Int = 3) throws -> Entrance {
        let servers = try (0..<count).map { _ in
            let port = freePort()
            return try RedisServer(
                port: port,
                arguments: [
                    "--cluster-enabled", "yes", "--cluster-config-file", "nodes-\(port).conf",
                    "--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no",
                ])
        }
        try Programs.run(
            ["redis-cli", "--cluster", "create"] + servers.map { "127.0.0.1:\($0.port)" } + [
                "--cluster-replicas", "0", "--cluster-yes",
            ])
        // Nodes believe in a new cluster one after the other.
        for server in servers {
            let isWhole = "redis-cli -p \(server.port) cluster info | grep -q cluster_state:ok"
            try Programs.run(["timeout", "60", "sh", "-c", "until \(isWhole); do sleep 0.1; done"])
        }
        return Entrance(servers: servers)
    }
}

/// Asks until something holds, or fails after a while.
func eventually(
    _ what: Comment, within limit: Duration = .seconds(30), _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while !(try await condition()) {
        guard ContinuousClock.now < end else {
            Issue.record(what)
            return
        }
        try await SystemClock().sleep(for: .milliseconds(10))
    }
}
