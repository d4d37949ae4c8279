import Base
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// One connection to one server, made again whenever it breaks; commands of all tasks are pipelined on it.
///
/// Whatever gathered while the event loop was busy goes out with one write. Everything that is not under the lock happens
/// on the link's event loop.
final class RedisLink: Sendable {
    /// What a link tells of its state.
    enum Change: Sendable {
        /// A connection stands, after so long without one.
        case up(after: Duration?, greeting: RESPValue)
        /// The first failure after a connection that stood, or at the start.
        case down(RedisError, retryIn: Duration)
    }

    /// What a link needs to know besides its machine.
    struct Setup: Sendable {
        var options: RedisOptions
        var address: RedisAddress
        /// `nil` where connections are not encrypted.
        var tls: NIOSSLContext?
        /// Where the connection of the n-th attempt goes.
        var endpoint: @Sendable (Int) -> RedisEndpoint
        var onChange: @Sendable (Change) -> Void = { _ in }
        var onPush: @Sendable ([RESPValue]) -> Void = { _ in }
    }

    let loop: any EventLoop
    private let setup: Setup
    private let clock: any WallClock
    private let randomness: any Randomness
    private struct State {
        var machine: LinkMachine
        var channel: (any Channel)?
        var attempts = 0
        var failures = 0
        var endpoint: RedisEndpoint
    }

    private let state: Mutex<State>

    init(_ setup: Setup, loop: any EventLoop, clock: any WallClock, randomness: any Randomness) {
        self.setup = setup
        self.loop = loop
        self.clock = clock
        self.randomness = randomness
        let limits = LinkMachine.Limits(calls: setup.options.waitingMax, bytes: setup.options.waitingBytesMax)
        state = Mutex(State(machine: LinkMachine(limits: limits), endpoint: setup.endpoint(0)))
    }

    /// Begins to connect; called once.
    func start() { connect() }

    /// Where the connection goes, or the attempt at it.
    var endpoint: RedisEndpoint { state.withLock { $0.endpoint } }
    var isUp: Bool { state.withLock { $0.machine.isUp } }
    var downSince: Duration? { state.withLock { $0.machine.downSince } }
    /// Calls that were not answered, since the start.
    var failedCalls: Int { state.withLock { $0.failures } }
    /// Calls that wait now.
    var waiting: Int { state.withLock { $0.machine.waiting } }

    // MARK: Sending

    /// Sends a command, after others that must directly precede it, and waits for its reply.
    ///
    /// Ends at the latest with the deadline; a cancelled task waits as long.
    func send(_ command: RedisCommand, after first: RedisCommand? = nil) async -> RedisCall.Answer {
        let deadline = clock.uptime() + setup.options.commandTimeout
        return await withUnsafeContinuation { continuation in
            let call = RedisCall(encoded: command.encoded, deadline: deadline, receiver: .task(continuation))
            let refusal = submit { machine in
                guard let first else { return machine.submit(call) }
                return machine.submit([
                    RedisCall(encoded: first.encoded, deadline: deadline, receiver: .nobody), call,
                ])
            }
            if let refusal { continuation.resume(returning: .failure(refusal)) }
        }
    }

    /// Sends commands one directly after the other; the last one's reply goes to `callback`.
    ///
    /// The first `unanswered` of them have no reply. Returns the refusal, without calling back, when they are not sent.
    @discardableResult
    func send(
        _ commands: [RedisCommand], unanswered: Int = 0, callback: @escaping @Sendable (RedisCall.Answer) -> Void
    ) -> RedisError? {
        let deadline = clock.uptime() + setup.options.commandTimeout
        let calls = commands.enumerated().map { index, command in
            let receiver: RedisCall.Receiver =
                index < unanswered ? .noReply : index == commands.count - 1 ? .callback(callback) : .nobody
            return RedisCall(encoded: command.encoded, deadline: deadline, receiver: receiver)
        }
        return submit { $0.submit(calls) }
    }

    private func submit(_ hand: (inout LinkMachine) -> LinkMachine.Submission) -> RedisError? {
        let submission = state.withLock { state in
            let submission = hand(&state.machine)
            if case .refused = submission { state.failures += 1 }
            return submission
        }
        switch submission {
        case .taken(mustWake: true): loop.execute { self.sendNow() }
        case .taken(mustWake: false): break
        case .refused(let error): return error
        }
        return nil
    }

    private func sendNow() {
        let (calls, channel, mustWatch) = state.withLock { state in
            (state.machine.takeForSending(on: nil), state.channel, state.machine.beginWatch())
        }
        if mustWatch { watch(in: setup.options.commandTimeout) }
        guard let channel, !calls.isEmpty else { return }
        var buffer = channel.allocator.buffer(capacity: calls.reduce(0) { $0 + $1.encoded.count })
        for call in calls { buffer.writeBytes(call.encoded) }
        channel.writeAndFlush(buffer, promise: nil)
    }

    private func watch(in delay: Duration) {
        loop.scheduleTask(in: TimeAmount(delay)) {
            let now = self.clock.uptime()
            switch self.state.withLock({ $0.machine.look(at: now) }) {
            case .over: break
            case .again(let time): self.watch(in: max(.milliseconds(1), time - now))
            case .expired:
                self.lose(
                    nil,
                    RedisError(.timedOut, "The server did not answer within \(self.setup.options.commandTimeout)."))
            }
        }
    }

    // MARK: Receiving, on the event loop

    func received(_ replies: [RESPValue], on id: Int) {
        guard let calls = state.withLock({ $0.machine.takeAnswered(replies.count, on: id) }) else {
            return lose(id, RedisError(.malformed, "The server sent more replies than there were commands."))
        }
        for (call, reply) in zip(calls, replies) { call.answer(.success(reply)) }
    }

    func pushed(_ elements: [RESPValue]) { setup.onPush(elements) }

    // MARK: Connecting

    private func connect() {
        let (id, attempt) = state.withLock { state in
            state.attempts += 1
            return (state.machine.beginConnecting(), state.attempts - 1)
        }
        guard let id else { return }
        let endpoint = setup.endpoint(attempt)
        state.withLock { $0.endpoint = endpoint }
        let timeout = setup.options.connectTimeout
        ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(ChannelOptions.socketOption(.so_keepalive), value: 1)
            .channelOption(ChannelOptions.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls = self.setup.tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: endpoint.tlsName))
                    }
                    try channel.pipeline.syncOperations.addHandler(RESPHandler(self, id: id))
                }
            }
            .connect(host: endpoint.host, port: endpoint.port)
            .whenFailure { error in
                self.lose(
                    id,
                    RedisError(
                        .unavailable, "The server cannot be reached.", context: ["endpoint": "\(endpoint)"],
                        underlying: error))
            }
        loop.scheduleTask(in: TimeAmount(timeout)) {
            guard self.state.withLock({ $0.machine.phase == .connecting(id) }) else { return }
            self.lose(
                id,
                RedisError(
                    .timedOut, "The server did not let us in within \(timeout).", context: ["endpoint": "\(endpoint)"]))
        }
    }

    /// What is said on a new connection before anything else, each with a reply of its own.
    var greetings: [RedisCommand] {
        var hello: [RedisCommand.Argument] = [.number(3)]
        if let password = setup.address.password {
            hello += ["AUTH", .text(setup.address.user ?? "default"), .text(password.reveal { $0 })]
        }
        hello += ["SETNAME", .text(setup.options.connectionName)]
        var commands = [RedisCommand("HELLO", hello)]
        if setup.address.database != 0 { commands.append(RedisCommand("SELECT", [.number(setup.address.database)])) }
        // A server that loads its data greets, but answers nothing else.
        commands.append(RedisCommand("PING"))
        return commands
    }

    /// A connection is there, and is kept unless its attempt has been given up meanwhile.
    func opened(_ channel: any Channel, id: Int) -> Bool {
        state.withLock { state in
            guard state.machine.phase == .connecting(id) else { return false }
            state.channel = channel
            return true
        }
    }

    func established(_ id: Int, greeting: RESPValue) {
        let now = clock.uptime()
        guard let standing = state.withLock({ $0.machine.established(id, at: now) }) else { return }
        setup.onChange(.up(after: standing.gap, greeting: greeting))
        sendNow()
    }

    /// Gives up a connection or an attempt, with `nil` whichever there is, and pauses before the next.
    func lose(_ id: Int?, _ error: RedisError) {
        let now = clock.uptime()
        let (loss, channel) = state.withLock { state -> (LinkMachine.Loss?, (any Channel)?) in
            guard let loss = state.machine.lost(id, at: now) else { return (nil, nil) }
            state.failures += loss.calls.count
            defer { state.channel = nil }
            return (loss, state.channel)
        }
        guard let loss else { return }
        channel?.close(mode: .all, promise: nil)
        let pause = pause(after: loss.failures)
        if loss.isNew { setup.onChange(.down(error, retryIn: pause)) }
        for call in loss.calls { call.answer(.failure(error)) }
        loop.scheduleTask(in: TimeAmount(pause)) { self.connect() }
    }

    private func pause(after failures: Int) -> Duration {
        // A server that restarts drops all its clients at once: even the first attempts are spread.
        let full = min(setup.options.pauseMax, .milliseconds(50 << min(failures, 20)))
        return full * (0.5 + randomness.fraction() / 2)
    }

    /// Ends all; what waits fails.
    func close() {
        let (calls, channel) = state.withLock { state in
            defer { state.channel = nil }
            return (state.machine.close(), state.channel)
        }
        channel?.close(mode: .all, promise: nil)
        for call in calls { call.answer(.failure(RedisError(.closed, "The client was shut down."))) }
    }
}

extension RedisEndpoint {
    /// The name that the certificate must have; `nil` for an address, which is then checked as such.
    fileprivate var tlsName: String? {
        // Whether it parses is the question: an address is not sent as a name.
        (try? SocketAddress(ipAddress: host, port: port)) == nil ? host : nil
    }
}
