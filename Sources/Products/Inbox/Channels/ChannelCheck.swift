import Base
import InboxVendors

/// What the last look at a channel has shown.
struct ChannelCheck: Sendable, Hashable {
    let checkedAt: Timestamp
    /// What the vendor calls the account.
    var name: String?
    var isSubscribed: Bool?
    /// Deliveries that wait at the vendor.
    var waiting: Int?
    /// What is wrong, as far as it is known.
    var fault: String?
    /// How long it may be quiet before somebody is told; `nil` when nothing usual is known.
    var quietLimit: Duration?
}

/// Decides what a channel's state of health is: pure.
struct CareMachine: Sendable {
    enum Bounds {
        /// What is left of a token when it is renewed.
        static let renewal: Duration = .seconds(10 * 86_400)
        /// The shortest silence that is one.
        static let silenceMin: Duration = .seconds(6 * 3_600)
        /// The longest silence that is none.
        static let silenceMax: Duration = .seconds(3 * 86_400)
        /// How many times the usual pause is silence.
        static let silenceFactor = 12
        /// Deliveries within a week from which a usual pause follows.
        static let usual = 20
    }

    /// What has come: when last, and how many within the week before that.
    struct Arrivals: Sendable, Hashable {
        var last: Timestamp?
        var week = 0
    }

    let now: Timestamp

    /// Whether a token is to be renewed: its end is near, or nobody knows it.
    func isRenewalDue(_ expiresAt: Timestamp?) -> Bool {
        guard let expiresAt else { return true }
        return expiresAt - now < Bounds.renewal
    }

    /// How long it may be quiet; `nil` when too little has come to call anything usual.
    func quietLimit(_ arrivals: Arrivals) -> Duration? {
        guard arrivals.week >= Bounds.usual else { return nil }
        let pause = Duration.seconds(7 * 86_400) / arrivals.week
        return min(Bounds.silenceMax, max(Bounds.silenceMin, pause * Bounds.silenceFactor))
    }

    /// What the vendor has said, or why not.
    enum Answer: Sendable, Hashable {
        case told(ChannelCondition)
        case failed(VendorFailure)
    }

    /// The channel's health; `nil` when nothing is known that would change it.
    ///
    /// - Parameters:
    ///   - answer: the vendor's.
    ///   - account: what the vendor calls the channel's account.
    ///   - arrivals: what has come.
    ///   - isQuietKnown: whether deliveries are the way to hear of customers, so that silence means something.
    /// - Returns: health and reason.
    func health(
        _ answer: Answer, account: String, arrivals: Arrivals, isQuietKnown: Bool
    ) -> (health: Channel.Health, reason: String?)? {
        switch answer {
        case .failed(.tokenExpired): return (.tokenExpired, "The vendor asks to sign in again.")
        case .failed(.refused(let code)): return (.failing, "The vendor refuses to tell about the account (\(code)).")
        case .failed(.tryAgain), .failed(.unreadable), .failed(.cancelled): return nil
        case .told(let condition):
            guard condition.externalAccount == account else {
                return (.failing, "The token belongs to another account.")
            }
            if condition.isSubscribed == false {
                return (.failing, "The vendor does not deliver to us: subscribe the account again.")
            }
            if let last = arrivals.last, isQuietKnown, let limit = quietLimit(arrivals), now - last > limit {
                return (.silent, "Nothing has come for longer than is usual.")
            }
            return (.good, nil)
        }
    }
}

/// What has come at a channel.
struct Traffic: Sendable, Hashable {
    var last: Timestamp?
    /// How long it took until the last delivery was seen by agents; `nil` while it waits.
    var lag: Duration?
    /// Deliveries that wait, at most a hundred.
    var waiting = 0
    /// Deliveries that were given up, at most a hundred.
    var dead = 0
}
