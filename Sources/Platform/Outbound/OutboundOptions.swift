import Base

/// How the outside world is called.
public struct OutboundOptions: Sendable {
    /// Which addresses may be called.
    ///
    /// Defaults to public ones only.
    public var rule: AddressRule
    /// How long opening a connection may take, encryption included.
    ///
    /// Defaults to 5 seconds; 10 milliseconds to 60 seconds.
    public var connectTimeout: Duration
    /// How long a response may bring nothing while it is read, within the request's deadline.
    ///
    /// Defaults to 30 seconds; 10 milliseconds to 10 minutes.
    public var idleTimeout: Duration
    /// How many calls to one host run at once.
    ///
    /// Defaults to 16; 1 to 1,000.
    public var callsPerHostMax: Int
    /// How many calls to one host wait for their turn.
    ///
    /// Defaults to 256; 0 to 100,000.
    public var waitingPerHostMax: Int
    /// How long a host's addresses are remembered.
    ///
    /// Defaults to 30 seconds; 0 to 5 minutes.
    public var resolutionLifetime: Duration
    /// A file of certificates in PEM that are trusted beside the system's, for stores within a company.
    ///
    /// Defaults to none.
    public var trustFile: String?
    /// What turns names into addresses.
    ///
    /// Defaults to the operating system's resolver.
    public var resolver: HostResolver

    /// Options with the defaults stated at each.
    public init(
        rule: AddressRule = .publicOnly, connectTimeout: Duration = .seconds(5), idleTimeout: Duration = .seconds(30),
        callsPerHostMax: Int = 16, waitingPerHostMax: Int = 256, resolutionLifetime: Duration = .seconds(30),
        trustFile: String? = nil, resolver: HostResolver = .system
    ) {
        precondition(
            (.milliseconds(10) ... .seconds(60)).contains(connectTimeout), "a connect timeout of \(connectTimeout)")
        precondition((.milliseconds(10) ... .seconds(600)).contains(idleTimeout), "an idle timeout of \(idleTimeout)")
        precondition((1...1_000).contains(callsPerHostMax), "\(callsPerHostMax) calls at once to a host")
        precondition((0...100_000).contains(waitingPerHostMax), "\(waitingPerHostMax) waiting calls to a host")
        precondition(
            (.zero ... .seconds(300)).contains(resolutionLifetime), "addresses remembered for \(resolutionLifetime)")
        self.rule = rule
        self.connectTimeout = connectTimeout
        self.idleTimeout = idleTimeout
        self.callsPerHostMax = callsPerHostMax
        self.waitingPerHostMax = waitingPerHostMax
        self.resolutionLifetime = resolutionLifetime
        self.trustFile = trustFile
        self.resolver = resolver
    }
}
