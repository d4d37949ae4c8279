import Base
import Foundation
import Outbound
import Storage

/// One notice on its way to one device.
struct PushDelivery: Sendable, Hashable {
    /// Which delivery, whatever attempt.
    struct Key: Sendable, Hashable {
        let tenant: ID<Tenant>
        let notice: ID<Notice>
        let subscription: ID<PushSubscription>
    }

    /// What is done after an attempt.
    enum Verdict: Sendable, Hashable {
        /// It is there: the delivery is over.
        case delivered
        /// The device is gone: the subscription is deleted.
        case gone
        /// It will never be taken: the delivery is over.
        case refused
        /// It is tried again, not before this time is over.
        case retry(least: Duration)
    }

    /// How often a delivery is attempted.
    static let attemptsMax = 5
    private static let pause = Duration.seconds(30)
    private static let pauseMax = Duration.seconds(3_600)

    let key: Key
    let kind: String
    let title: String
    let text: String
    let link: String
    let urgency: String
    /// The number of this attempt, counted from 1: what fences a late one out.
    let attempt: Int
    let expiresAt: Timestamp

    /// What a push service's answer means (RFC 8030, sections 5 and 7).
    static func verdict(status: Int, retryAfter: Duration?) -> Verdict {
        switch status {
        case 200...299: .delivered
        case 404, 410: .gone
        case 429, 500...599: .retry(least: retryAfter ?? .zero)
        default: .refused
        }
    }

    /// What it means that there was no answer.
    static func verdict(_ error: OutboundError) -> Verdict {
        switch error.code {
        // An endpoint within our own networks was invented by somebody and is never called.
        case .addressRefused, .requestInvalid: .gone
        case .unresolved, .unreachable, .tls, .timedOut, .closed, .malformed, .tooLarge, .redirectRefused, .busy,
            .contentFailed, .cancelled:
            .retry(least: .zero)
        }
    }

    /// The pause after an attempt: four times as long each time, a part of it by chance, and no less than asked for.
    ///
    /// `nil` when there is no further attempt.
    func pause(least: Duration, using randomness: any Randomness) -> Duration? {
        guard attempt < Self.attemptsMax else { return nil }
        let longest = min(Self.pauseMax, Self.pause * (1 << (2 * max(0, attempt - 1))))
        return max(least, longest * (0.5 + randomness.fraction() / 2))
    }

    /// What the device's worker is told.
    func content() throws -> [UInt8] {
        struct Content: Encodable {
            var id: String
            var title: String
            var text: String
            var link: String
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(
            try encoder.encode(Content(id: key.notice.description, title: title, text: text, link: link)))
    }
}

extension PushDelivery: RowDecodable {
    static let columns: SQL =
        "tenant_id, notification_id, subscription_id, kind, title, text, link, urgency, attempts, expires_at"

    init(row: SQLRow) throws(StorageError) {
        key = Key(
            tenant: try row.value("tenant_id"), notice: try row.value("notification_id"),
            subscription: try row.value("subscription_id"))
        kind = try row.value("kind")
        title = try row.value("title")
        text = try row.value("text")
        link = try row.value("link")
        urgency = try row.value("urgency")
        attempt = try row.value("attempts")
        expiresAt = try row.value("expires_at")
    }
}
