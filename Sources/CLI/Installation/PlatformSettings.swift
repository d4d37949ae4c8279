import Configuration
import Hosting

/// The settings of the platform itself; each product adds its own.
enum PlatformSettings {
    static let database = Setting(
        "database.url", .text, default: nil,
        "Where the data is: sqlite:PATH or postgres://…; without it a SQLite file in the data folder.")
    static let pooling = Setting(
        "database.pooling", .choice(["direct", "transaction"]), default: "direct",
        "Whether PostgreSQL is reached directly or through a pooler in transaction mode, such as PgBouncer.")
    static let directDatabase = Setting(
        "database.direct", .secret, default: nil,
        "Where PostgreSQL is reached past the pooler, for migrations and notifications; needed with a pooler.")
    static let listen = Setting(
        "server.listen", .text, default: "127.0.0.1:8080", "The address and port that the server listens at.")
    static let connections = Setting(
        "server.connectionsMax", .integer(1...1_000_000, unit: "connections"), default: "10000",
        "Connections open at once; more wait to be accepted.")
    static let drain = Setting(
        "server.drainSeconds", .integer(0...600, unit: "seconds"), default: "20",
        "How long requests in flight may go on when the server is told to stop.")
    static let guardPerMinute = Setting(
        "server.guardPerMinute", .integer(0...100_000_000, unit: "requests per minute"), default: "6000",
        "Requests of one address group over all routes; 0 for no outer guard.")
    static let trustedHops = Setting(
        "server.trustedHops", .integer(0...8, unit: "proxies"), default: "0",
        "How many proxies of yours stand before the server; with 0 no forwarded header is believed.")
    static let baseDomain = Setting(
        "server.baseDomain", .text, default: "localhost",
        "Tenants are served at SLUG.BASEDOMAIN besides their own domains.")
    static let openMetrics = Setting(
        "metrics.open", .flag, default: "false",
        "Whether /metrics is read without signing in: for servers that only your proxy and monitor reach.")
    static let data = Setting(
        "data.folder", .text, default: "./capstan-data", "Where files are kept: the SQLite database, blobs, keys.")
    static let blobs = Setting(
        "blobs.url", .text, default: nil,
        "Where files are: s3://BUCKET?endpoint=URL&region=NAME; without it in the data folder.")
    static let blobsKey = Setting(
        "blobs.key", .secret, default: nil, "The public half of the key pair of the S3 store, its access key id.")
    static let blobsSecret = Setting(
        "blobs.secret", .secret, default: nil, "The secret half of the key pair of the S3 store.")
    static let blobsPublic = Setting(
        "blobs.public", .text, default: nil,
        "The public base address of a delivery network, as in https://cdn.example.com, for files that never change.")
    static let outboundAllow = Setting(
        "outbound.allow", .text, default: nil,
        "Private hosts, addresses or blocks (10.0.0.0/8) that may be called beside public ones, separated by commas.")
    static let outboundTrust = Setting(
        "outbound.trust", .text, default: nil,
        "A file of certificates in PEM that are trusted beside the system's when calling out.")
    static let pushContact = Setting(
        "push.contact", .text, default: nil,
        "Whom push services may write to, mailto:YOU@EXAMPLE.COM; without it postmaster at the base domain.")
    static let key = Setting(
        "secrets.key", .secret, default: nil,
        "Signs sessions, device keys and cursors, 64 hexadecimal digits; without it a key is made in the data folder.")
    static let nodeCount = Setting(
        "node.count", .integer(1...64, unit: "processes"), default: "1",
        "How many processes serve together; above 1 they share through Redis, or through PostgreSQL without it.")
    static let redis = Setting(
        "redis.url", .secret, default: nil,
        "Where nodes share: redis://HOST:PORT or rediss://USER:PASSWORD@HOST:PORT, a cluster's separated by commas.")
    static let redisPrefix = Setting(
        "redis.prefix", .text, default: "capstan",
        "Begins all keys and channels in Redis; give each installation on one server its own.")
    static let redisTimeout = Setting(
        "redis.timeoutMilliseconds", .integer(10...60_000, unit: "milliseconds"), default: "500",
        "Longest wait for an answer of Redis; when it is over this node decides for itself until Redis is back.")
    static let redisTrust = Setting(
        "redis.trust", .text, default: nil,
        "A file of certificates in PEM that are trusted, instead of the system's, when Redis is reached with TLS.")
    static let nodeName = Setting(
        "node.name", .text, default: "node-1", "The name of this process in logs.")
    static let nodeLane = Setting(
        "node.lane", .integer(0...15, unit: "lane"), default: "0",
        "The lane of this process in shared counters; give each node its own.")
    static let jobsInteractive = Setting(
        "jobs.interactive", .integer(0...10_000, unit: "jobs"), default: "16",
        "Jobs of the lane interactive that this process runs at once; 0 for none.")
    static let jobsDefault = Setting(
        "jobs.default", .integer(0...10_000, unit: "jobs"), default: "32",
        "Jobs of the lane default that this process runs at once; 0 for none.")
    static let jobsBulk = Setting(
        "jobs.bulk", .integer(0...10_000, unit: "jobs"), default: "8",
        "Jobs of the lane bulk that this process runs at once; 0 for none.")
    static let jobsDrain = Setting(
        "jobs.drainSeconds", .integer(0...3_600, unit: "seconds"), default: "20",
        "How long running jobs may go on when the process is told to stop; the rest goes on elsewhere.")
    static let jobsRetention = Setting(
        "jobs.retentionDays", .integer(1...366, unit: "days"), default: "3",
        "How long jobs that were done are remembered, at least.")
    static let realtimePerPerson = Setting(
        "realtime.connectionsPerPerson", .integer(1...100_000, unit: "connections"), default: "20",
        "Sockets and streams of events of one person, or one device or group of addresses without one, on all nodes.")
    static let realtimePerTenant = Setting(
        "realtime.connectionsPerTenant", .integer(1...10_000_000, unit: "connections"), default: "100000",
        "Sockets and streams of events of one tenant on all nodes.")
    static let logLevel = Setting(
        "log.level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), default: "info",
        "The least severe lines that are logged.")

    static let all =
        [
            database, pooling, directDatabase, listen, connections, drain, guardPerMinute, trustedHops, baseDomain,
            data, key, blobs, blobsKey, blobsSecret, blobsPublic, outboundAllow, outboundTrust, pushContact, nodeName,
            nodeLane, nodeCount, redis, redisPrefix, redisTimeout, redisTrust, jobsInteractive, jobsDefault, jobsBulk,
            jobsDrain, jobsRetention, realtimePerPerson, realtimePerTenant, logLevel, openMetrics,
        ] + CostCaps.settings + ModelSettings.all

    /// Reads all settings from the environment; `overrides` (from flags) win.
    static func read(_ settings: [Setting], overrides: [Setting: String]) throws(HostingError) -> Settings {
        let reader = ConfigReader(provider: EnvironmentVariablesProvider())
        return try Settings(settings) { setting in
            if let value = overrides[setting] { return value }
            let isSecret = setting.kind == .secret
            return reader.string(forKey: ConfigKey("capstan.\(setting.key)"), isSecret: isSecret)
        }
    }
}
