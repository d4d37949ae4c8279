/// Small messages from any node to every node that listens: hints that something changed.
///
/// Delivery is at most once and in order per publisher. Who might have missed something is told so
/// (``BusEvent/missed``) and must then assume the worst: that is the whole guarantee, and back ends can keep it.
public protocol Bus: Sendable {
    /// Sends `payload` (at most 64 KiB) to everybody who subscribed to `topic`, the own node included.
    ///
    /// - Throws: ``CoordinationError`` when the payload is too large or the shared store cannot be reached.
    func publish(_ payload: [UInt8], to topic: String) async throws(CoordinationError)

    /// Listens to `topic` from now on, until the subscription is closed or released.
    ///
    /// - Throws: ``CoordinationError`` when there are too many subscriptions or the store cannot be reached.
    func subscribe(to topic: String) async throws(CoordinationError) -> BusSubscription
}

/// What a subscriber is told.
public enum BusEvent: Sendable, Hashable {
    /// A message.
    case message([UInt8])
    /// Messages may have been lost before the next one: the reader was slow, or the connection broke.
    case missed
}
