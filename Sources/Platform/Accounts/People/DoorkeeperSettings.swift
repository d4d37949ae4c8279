/// How people sign up and in.
public struct DoorkeeperSettings: Sendable {
    /// How much work a password hash is.
    ///
    /// Defaults to OWASP's recommendation for 32 MiB.
    public var passwordCost = PasswordCost()
    /// How many passwords are hashed at once.
    ///
    /// Defaults to 2; 1 to 64, of 32 MiB each.
    public var passwordThreads = 2
    /// How many sign-ins may wait for a thread; further ones are refused with `busy`.
    ///
    /// Defaults to 64; 1 to 10,000.
    public var passwordsWaitingMax = 64
    /// Failed sign-ins of one address group (IPv6 by /64) in 15 minutes.
    ///
    /// Defaults to 50, so that a café can mistype; 1 to 1,000,000.
    public var failuresPerAddress = 50
    /// Failed sign-ins of one account from one address group in 15 minutes.
    ///
    /// Defaults to 10; 1 to 1,000,000.
    public var failuresPerAccountAndAddress = 10
    /// Failed sign-ins of one account from everywhere in an hour.
    ///
    /// Defaults to 100, so that nobody can lock others out cheaply; 1 to 1,000,000.
    public var failuresPerAccount = 100
    /// Sign-ups of one address group in an hour.
    ///
    /// Defaults to 20; 1 to 1,000,000.
    public var signUpsPerAddress = 20

    /// The defaults.
    public init() {}
}
