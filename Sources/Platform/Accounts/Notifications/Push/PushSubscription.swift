public import Base
import Crypto
import Foundation
public import Outbound
public import Storage

/// A person's device that wants to be told.
public struct PushSubscription: Sendable, Hashable {
    /// Its own id.
    public let id: ID<PushSubscription>
    /// Where the device's push service is.
    public let endpoint: OutboundAddress
    /// The device's public key, 65 bytes.
    let publicKey: [UInt8]
    /// What the device and we share, 16 bytes.
    let secret: [UInt8]

    /// What two subscriptions of one device have in common.
    static func hash(_ endpoint: String) -> [UInt8] { Array(SHA256.hash(data: Data(endpoint.utf8))) }
}

/// What a browser gives who subscribes.
struct PushOffer: Sendable {
    enum Bounds {
        static let endpointBytes = 2_048
    }

    let endpoint: OutboundAddress
    let publicKey: [UInt8]
    let secret: [UInt8]

    /// Reads an offer; `nil` when a part of it is malformed.
    ///
    /// The endpoint must be encrypted.
    init?(endpoint: String, publicKey: String, secret: String) {
        guard endpoint.utf8.count <= Bounds.endpointBytes, let address = OutboundAddress(endpoint),
            address.scheme == .https, let key = Base64URL.decode(publicKey), key.count == 65,
            // That it is no point of the curve makes it malformed, as any other mistake does.
            (try? P256.KeyAgreement.PublicKey(x963Representation: key)) != nil,
            let secret = Base64URL.decode(secret), secret.count == 16
        else { return nil }
        self.endpoint = address
        self.publicKey = key
        self.secret = secret
    }
}

/// The devices that want to be told.
public struct PushSubscriptions: Sendable {
    enum Bounds {
        /// Devices of one person; one more replaces the oldest.
        static let perPerson = 10
    }

    private let storage: Storage
    private let clock: any WallClock
    private let randomness: any Randomness

    /// Opens the devices of an installation.
    public init(storage: Storage, clock: any WallClock, randomness: any Randomness) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
    }

    /// Keeps a device; the same device again, also of another person, takes the old one's place.
    func subscribe(_ offer: PushOffer, of person: ID<Person>, in tenant: Tenant) async throws {
        let now = clock.now()
        let id = ID<PushSubscription>(at: now, using: randomness)
        let endpoint = offer.endpoint.description
        try await storage.write(for: tenant) { transaction in
            try await transaction.execute(
                "accounts.insertPushSubscription",
                """
                INSERT INTO push_subscriptions
                    (tenant_id, id, person_id, endpoint_hash, endpoint, public_key, secret, created_at)
                VALUES (\(tenant), \(id), \(person), \(PushSubscription.hash(endpoint)), \(endpoint),
                    \(offer.publicKey), \(offer.secret), \(now))
                ON CONFLICT (tenant_id, endpoint_hash) DO UPDATE SET person_id = excluded.person_id,
                    public_key = excluded.public_key, secret = excluded.secret, created_at = excluded.created_at
                """)
            try await transaction.execute(
                "accounts.trimPushSubscriptions",
                """
                DELETE FROM push_subscriptions WHERE tenant_id = \(tenant) AND person_id = \(person) AND id IN (
                    SELECT id FROM push_subscriptions WHERE tenant_id = \(tenant) AND person_id = \(person)
                    ORDER BY created_at DESC, id DESC LIMIT 100 OFFSET \(Bounds.perPerson))
                """)
        }
    }

    /// Forgets a device; returns `false` when the person has none at that endpoint.
    func unsubscribe(_ endpoint: String, of person: ID<Person>, in tenant: Tenant) async throws(StorageError) -> Bool {
        try await storage.writer(for: tenant).execute(
            "accounts.deletePushSubscription",
            """
            DELETE FROM push_subscriptions WHERE tenant_id = \(tenant)
                AND endpoint_hash = \(PushSubscription.hash(endpoint)) AND person_id = \(person)
            """) > 0
    }
}
