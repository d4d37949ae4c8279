import Base

/// Where and within which bounds a server listens; every option has a unit, a default and a range.
public struct ServerSettings: Sendable {
    /// The address to listen at.
    ///
    /// Defaults to `127.0.0.1`.
    public var host = "127.0.0.1"
    /// The port to listen at.
    ///
    /// Defaults to 8080; 0 lets the system choose.
    public var port = 8_080
    /// Connections open at once; more wait to be accepted.
    ///
    /// Defaults to 10,000; 1 to 1,000,000.
    public var connectionsMax = 10_000
    /// Bytes of one header field.
    ///
    /// Defaults to 16 KiB; 1 KiB to 64 KiB.
    public var headerFieldBytesMax = 16_384
    /// Bytes of all header fields.
    ///
    /// Defaults to 32 KiB; 4 KiB to 256 KiB.
    public var headerBytesMax = 32_768
    /// Number of header fields.
    ///
    /// Defaults to 100; 10 to 1,000.
    public var headerCountMax = 100
    /// Longest time from the first byte of a request to the end of its head.
    ///
    /// Defaults to 10 seconds; at least 100 ms.
    public var headTimeout: Duration = .seconds(10)
    /// Longest pause within a request's body.
    ///
    /// Defaults to 20 seconds; at least 100 ms.
    public var bodyTimeout: Duration = .seconds(20)
    /// Longest time without a request on an open connection.
    ///
    /// Defaults to 60 seconds; at least 100 ms.
    public var idleTimeout: Duration = .seconds(60)
    /// Longest time in which a client takes nothing of what waits for it.
    ///
    /// Defaults to 30 seconds; at least 100 ms.
    public var stallTimeout: Duration = .seconds(30)
    /// Longest time that requests in flight have to finish when the server stops.
    ///
    /// Defaults to 20 seconds.
    public var drainTimeout: Duration = .seconds(20)

    /// The defaults.
    public init() {}
}
