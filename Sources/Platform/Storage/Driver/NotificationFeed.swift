/// What other sessions notify, heard on a connection of its own that is made again when it breaks.
///
/// Notifications are not stored by the server: whoever is not connected misses them, and is told so.
public protocol NotificationFeed: Sendable {
    /// Waits for the next event; `nil` when the feed is stopped or the task is cancelled.
    ///
    /// Only one task may read.
    func nextEvent() async -> NotificationEvent?

    /// Stops listening and waits until the connection is closed.
    func stop() async
}

/// What a feed tells.
public enum NotificationEvent: Sendable, Hashable {
    /// Notifications may have been lost before this: at each (re)connection, and when the reader was too slow.
    case mayHaveMissed
    /// A notification.
    case notification(channel: String, payload: String)
}

extension StorageDriver {
    /// An engine that carries no notifications between processes gives none.
    public func listen(to channels: [String]) throws(StorageError) -> (any NotificationFeed)? { nil }
}
