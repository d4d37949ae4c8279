/// How the client uses a server.
public struct RedisOptions: Sendable {
    /// Longest time from sending a command to its reply, the wait for the connection included.
    ///
    /// Defaults to 500 milliseconds; 10 milliseconds to 1 minute. When it is over for one command the connection is
    /// given up and the server taken for away: whoever asks next is refused at once, until a new connection answers.
    public var commandTimeout = Duration.milliseconds(500)

    /// Longest time for making a connection: name, TCP, TLS, entering.
    ///
    /// Defaults to 2 seconds; 50 milliseconds to 1 minute.
    public var connectTimeout = Duration.seconds(2)

    /// Longest pause between two attempts to connect.
    ///
    /// Defaults to 5 seconds; 50 milliseconds to 5 minutes. Pauses begin at 100 milliseconds and double, each shortened
    /// by up to half at random.
    public var pauseMax = Duration.seconds(5)

    /// Commands that wait for their replies, on each connection.
    ///
    /// Defaults to 16,384; 1 to 1,048,576. More are refused at once.
    public var waitingMax = 16_384

    /// Bytes of commands that wait for their replies, on each connection.
    ///
    /// Defaults to 64 MiB; 64 KiB to 1 GiB.
    public var waitingBytesMax = 67_108_864

    /// Begins every key and channel, so that installations may share a server.
    ///
    /// Defaults to `capstan`; 1 to 64 letters, digits, dashes and dots.
    public var prefix = "capstan"

    /// The name under which the server lists our connections.
    ///
    /// Defaults to `capstan`; no spaces.
    public var connectionName = "capstan"

    /// A file of certificates in PEM that are trusted instead of the system's.
    ///
    /// Defaults to none.
    public var trustFile: String?

    /// Starts with the defaults.
    public init() {}

    /// What is wrong with the options, if anything.
    var contradiction: String? {
        if !(.milliseconds(10)...(.seconds(60))).contains(commandTimeout) {
            return "a deadline of \(commandTimeout) for commands: 10 milliseconds to 1 minute are possible"
        }
        if !(.milliseconds(50)...(.seconds(60))).contains(connectTimeout) {
            return "a deadline of \(connectTimeout) for connecting: 50 milliseconds to 1 minute are possible"
        }
        if !(.milliseconds(50)...(.seconds(300))).contains(pauseMax) {
            return "pauses of up to \(pauseMax): 50 milliseconds to 5 minutes are possible"
        }
        if !(1...1_048_576).contains(waitingMax) || !(65_536...1_073_741_824).contains(waitingBytesMax) {
            return "\(waitingMax) commands of \(waitingBytesMax) bytes may wait, which is outside of the possible"
        }
        let isPlain = prefix.utf8.allSatisfy {
            ("a"..."z").contains(Character(UnicodeScalar($0))) || ("0"..."9").contains(Character(UnicodeScalar($0)))
                || ("A"..."Z").contains(Character(UnicodeScalar($0))) || $0 == 45 || $0 == 46
        }
        if !(1...64).contains(prefix.utf8.count) || !isPlain {
            return "a prefix has 1 to 64 letters, digits, dashes and dots"
        }
        if connectionName.isEmpty || connectionName.contains(where: { $0.isWhitespace }) {
            return "a connection's name has no spaces and is not empty"
        }
        return nil
    }
}
