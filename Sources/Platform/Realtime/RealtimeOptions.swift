import Base

/// The bounds of a node's connections; every option has a unit, a default and a range.
public struct RealtimeOptions: Sendable {
    /// Connections of one person, or of one device or group of addresses without one, on all nodes.
    ///
    /// Defaults to 20; 1 to 100,000.
    public var connectionsPerSeat = 20
    /// Connections of one tenant on all nodes.
    ///
    /// Defaults to 100,000; 1 to 10,000,000.
    public var connectionsPerTenant = 100_000
    /// Topics that one connection listens to.
    ///
    /// Defaults to 100; 1 to 1,000.
    public var topicsPerConnection = 100
    /// Commands that one connection may send at once.
    ///
    /// Defaults to 120; 1 to 10,000. After that ``commandsPerSecond`` holds.
    public var commandBurst = 120
    /// Commands that one connection may send in a second.
    ///
    /// Defaults to 10; 1 to 1,000.
    public var commandsPerSecond = 10
    /// Bytes that may wait for a slow reader before it is cut.
    ///
    /// Defaults to 256 KiB; 64 KiB to 16 MiB.
    public var outgoingBytesMax = 262_144
    /// After how long without a word a client is asked for a sign of life.
    ///
    /// Defaults to 25 seconds; at least 1 second.
    public var pingAfter: Duration = .seconds(25)
    /// After how long without a word a client is taken to be gone.
    ///
    /// Defaults to 60 seconds; must exceed ``pingAfter``.
    public var idleTimeout: Duration = .seconds(60)
    /// The longest wait that clients are given before they come back when the server stops, so that they do not all come
    /// at once.
    ///
    /// Defaults to 10 seconds; zero to 5 minutes.
    public var reconnectSpread: Duration = .seconds(10)
    /// Time between two looks at the heads of topics, by which what no word came of is found.
    ///
    /// Defaults to 5 seconds; 10 milliseconds to 5 minutes.
    public var lookEvery: Duration = .seconds(5)

    /// The defaults.
    public init() {}

    func check() {
        precondition((1...100_000).contains(connectionsPerSeat), "\(connectionsPerSeat) connections of one person")
        precondition((1...1_000).contains(topicsPerConnection), "\(topicsPerConnection) topics on one connection")
        precondition(
            (1...10_000).contains(commandBurst) && (1...1_000).contains(commandsPerSecond),
            "\(commandBurst) commands at once, \(commandsPerSecond) a second")
        precondition((65_536...16_777_216).contains(outgoingBytesMax), "\(outgoingBytesMax) bytes that wait")
        precondition(
            pingAfter >= .seconds(1) && idleTimeout > pingAfter,
            "clients are asked after \(pingAfter) and gone after \(idleTimeout): the first must be shorter")
        precondition((.milliseconds(10) ... .seconds(300)).contains(lookEvery), "a look every \(lookEvery)")
    }
}
