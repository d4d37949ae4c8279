import Base
import InboxVendors

/// Decides what is sent next of a conversation: pure.
///
/// Messages leave in the order of the thread. What may have been sent holds the others back until its echo has come or its
/// time is over.
struct SendMachine: Sendable {
    enum Bounds {
        /// Attempts of a message.
        static let attempts = 5
        /// How long an echo is waited for.
        static let echo: Duration = .seconds(60)
        /// How long a vendor may be asked; whoever has been longer at it is taken to be dead.
        static let asking: Duration = .seconds(60)
        /// How long messages wait for a channel whose token has expired.
        static let holding: Duration = .seconds(24 * 3_600)
        /// How often such a channel is tried.
        static let probing: Duration = .seconds(300)
        /// The first pause after a failure; it doubles.
        static let pause: Duration = .seconds(2)
    }

    enum Step: Sendable, Hashable {
        /// Ask the vendor.
        case send(Message)
        /// Look again then.
        case wait(Timestamp)
        /// Nobody knows whether it was sent: its author decides.
        case giveUp(Message, failure: String)
        case nothing
    }

    let now: Timestamp
    /// Whether the vendor sends back what we have sent, so that its absence means something.
    let hasEchoes: Bool

    /// What is next.
    ///
    /// - Parameter leaving: what is queued, being sent or uncertain, in the order of the thread.
    /// - Returns: what to do.
    func next(of leaving: [Message]) -> Step {
        guard let first = leaving.first else { return .nothing }
        switch first.delivery {
        case .queued:
            if let after = first.sendAfter, after > now { return .wait(after) }
            return .send(first)
        case .sending:
            let end = (first.triedAt ?? now) + Bounds.asking
            // Who was asking has died: what it did is not known, and its echo has had as long.
            return end > now ? .wait(end) : uncertain(first)
        case .unknown:
            let end = (first.triedAt ?? now) + Bounds.echo
            return end > now ? .wait(end) : uncertain(first)
        case .received, .sent, .delivered, .read, .failed, .withdrawn: return .nothing
        }
    }

    private func uncertain(_ message: Message) -> Step {
        hasEchoes && message.attempts < Bounds.attempts ? .send(message) : .giveUp(message, failure: "outcomeUnknown")
    }

    /// What a vendor's answer makes of a message.
    enum Effect: Sendable, Hashable {
        case sent(externalID: String)
        case failed(reason: String)
        case queued(until: Timestamp)
        case unknown
        /// It waits, and somebody has to sign in again.
        case held(until: Timestamp)
        /// The customer goes on under another id: the next attempt goes there.
        case moved(to: String)
    }

    func effect(of outcome: SendOutcome, on message: Message) -> Effect {
        switch outcome {
        case .sent(let externalID): return .sent(externalID: externalID)
        case .refusedForGood(let refusal): return .failed(reason: refusal.reason.rawValue)
        case .moved(let user):
            return message.attempts < Bounds.attempts ? .moved(to: user) : .failed(reason: "unreachable")
        case .unknown: return .unknown
        case .tokenExpired:
            guard now - message.createdAt < Bounds.holding else { return .failed(reason: "tokenExpired") }
            return .held(until: now + Bounds.probing)
        case .tryAgain(let asked):
            guard message.attempts < Bounds.attempts else { return .failed(reason: "unreachable") }
            let pause = Bounds.pause * (1 << max(0, message.attempts - 1))
            return .queued(until: now + max(asked ?? pause, .milliseconds(100)))
        }
    }
}
