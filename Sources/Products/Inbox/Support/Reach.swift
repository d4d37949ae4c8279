import Base
import Outbound
import Storage

/// What the product reaches the outside by, and is reached by: no part of the database.
struct Reach: Sendable {
    /// The way out; `nil` where nothing may leave the machine.
    var outbound: OutboundClient?
    /// Seals tokens and secrets at rest.
    var box: SecretBox
    /// Sign visitors' tokens, their topics and shared files, the newest first.
    var visitorKeys: [Secret<[UInt8]>]
    /// Where this installation is reached from outside, as in `https://inbox.example.com`; `nil` when nobody has said.
    var publicAddress: String?
    /// Whether this process serves demo data, and the demo's shop with it.
    var isDemo = false
    /// Keeps ratings of visitors; without it they are not asked for any.
    var rating: RatingTaking?
}
