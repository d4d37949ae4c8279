public import Base
import Foundation
public import Storage

/// Bounds of what is published.
public enum RealtimeBounds {
    /// Bytes of a message's body as JSON: 32 KiB.
    ///
    /// Publish what changed, not documents.
    public static let bodyBytes = 32_768
    /// Bytes of a signal: 4 KiB.
    public static let signalBytes = 4_096
    /// Kinds of topics in an installation: 500.
    public static let kinds = 500
}

extension WriteTransaction {
    /// Publishes a message that exists when the transaction commits, and never when it does not.
    ///
    /// No statement of its own: what a transaction publishes and enqueues leaves as one combined statement right before
    /// the commit, which raises the topic's head. Transactions that publish to one topic therefore commit one after the
    /// other: publish last, and little.
    ///
    /// - Parameters:
    ///   - value: The body, at most ``RealtimeBounds/bodyBytes`` as JSON.
    ///   - topic: Where, as made by a ``TopicKind``.
    ///   - tenant: Whose topic it is, in a transaction across tenants; elsewhere the transaction's.
    /// - Throws: `storage.invalidValue` when the value cannot be written or is too large, `storage.tooLarge` for more than
    ///   10,000 messages, `storage.tenantMissing` in a transaction across tenants without `tenant`.
    public func publish(
        _ value: some Encodable, to topic: TopicName, for tenant: Tenant? = nil
    ) throws(StorageError) {
        try publish(json: StoredJSON.text(value), to: topic, for: tenant)
    }

    /// Publishes JSON that is there already; as ``publish(_:to:for:)``.
    public func publish(
        json: String, to topic: TopicName, for named: Tenant? = nil
    ) throws(StorageError) {
        guard let tenant = named ?? scope.tenant else {
            throw StorageError(
                .tenantMissing, "something was published to \(topic) in a transaction across tenants: name its tenant")
        }
        guard scope.tenant == nil || scope.tenant == tenant else {
            throw StorageError(
                .tenantMissing, "something was published to another tenant's topic than the transaction's")
        }
        guard json.utf8.count <= RealtimeBounds.bodyBytes else {
            throw StorageError(
                .invalidValue,
                "a message to \(topic) has \(json.utf8.count) bytes, over \(RealtimeBounds.bodyBytes): publish what changed"
            )
        }
        // The random half of an id, without its sign and above zero.
        let epoch = Int64(makeID(TopicMessage.self).low & 0xFFFF_FFFF_FFFF) | 1
        let row = PublishedRow(tenant: tenant, topic: topic, epoch: epoch, body: JSONText.onOneLine(json))
        try add([row], to: TopicOutbox.self)
    }
}

extension Reading {
    /// Where a topic stands in what this transaction reads: given to a page with what it shows, so that the page's script
    /// joins from there and nothing is lost between the two.
    ///
    /// One statement.
    ///
    /// - Throws: `storage.tenantMissing` in a transaction across tenants.
    public func position(of topic: TopicName, at now: Timestamp) async throws(StorageError) -> TopicPosition {
        guard let tenant = scope.tenant else {
            throw StorageError(.tenantMissing, "the position of \(topic) was asked for across tenants")
        }
        let head = try await first(TopicHeadRow.self, "realtime.position", TopicStore.head(TopicKey(tenant, topic)))
        return head?.position ?? TopicPosition(unbornAt: now)
    }
}
