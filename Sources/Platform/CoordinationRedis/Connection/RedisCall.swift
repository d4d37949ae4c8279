/// A command on its way, and who waits for its reply.
struct RedisCall: Sendable {
    typealias Answer = Result<RESPValue, RedisError>

    /// How the reply is handed over; exactly once.
    enum Receiver: Sendable {
        case task(UnsafeContinuation<Answer, Never>)
        case callback(@Sendable (Answer) -> Void)
        /// Sent for its effect: what it is followed by tells whether it was done.
        case nobody
        /// Subscribing has no reply: its confirmations are pushed.
        case noReply
    }

    let encoded: [UInt8]
    /// When it is given up, as an uptime.
    let deadline: Duration
    let receiver: Receiver

    func answer(_ answer: Answer) {
        switch receiver {
        case .task(let continuation): continuation.resume(returning: answer)
        case .callback(let callback): callback(answer)
        case .nobody, .noReply: break
        }
    }
}
