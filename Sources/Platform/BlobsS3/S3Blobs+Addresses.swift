public import Base
public import Blobs
import Foundation
import Outbound

/// Addresses by which browsers and vendors reach the store itself, past this process.
extension S3Blobs {
    /// The longest time that S3 lets an address be valid: seven days.
    public static let lifetimeMax = Duration.seconds(7 * 86_400)

    /// An address that reads an object.
    ///
    /// - Parameters:
    ///   - key: Which object.
    ///   - tenant: Whose.
    ///   - lifetime: How long. Defaults to 15 minutes; 1 second to 7 days.
    /// - Returns: The address.
    public func downloadAddress(_ key: BlobKey, for tenant: Tenant, lifetime: Duration = .seconds(900)) -> String {
        Self.check(lifetime)
        return bucket.signer.presigned(.get, bucket.address(name(key, tenant)), lifetime: lifetime, at: clock.now())
    }

    /// An address that takes one upload of exactly these facts.
    ///
    /// Size, type and hash are part of the signature, so the store itself refuses any other; the browser must send them
    /// as ``SignedUpload/headers`` says. So an object that comes this way is as complete as one that came through us.
    ///
    /// - Parameters:
    ///   - info: What will be uploaded.
    ///   - tenant: Whose.
    ///   - lifetime: How long. Defaults to 15 minutes; 1 second to 7 days.
    /// - Returns: The address and what must be sent with it.
    public func uploadAddress(
        _ info: BlobInfo, for tenant: Tenant, lifetime: Duration = .seconds(900)
    ) -> SignedUpload {
        Self.check(lifetime)
        var headers = Self.headers(info).fields.map { ($0.name.lowercased(), $0.value) }
        headers.append(("content-length", "\(info.size.bytes)"))
        headers.append(("x-amz-checksum-sha256", Data(info.hash.bytes).base64EncodedString()))
        let address = bucket.signer.presigned(
            .put, bucket.address(name(info.key, tenant)), headers, lifetime: lifetime, at: clock.now())
        return SignedUpload(address: address, headers: headers.map { .init(name: $0.0, value: $0.1) })
    }

    private static func check(_ lifetime: Duration) {
        precondition(
            (.seconds(1)...lifetimeMax).contains(lifetime), "an address must be valid for 1 second to 7 days")
    }
}

/// An address that takes one upload, and the header fields that must come with it.
public struct SignedUpload: Sendable, Hashable {
    /// A header field.
    public struct Header: Sendable, Hashable {
        /// Its name, in lower case.
        public let name: String
        /// Its value, exactly.
        public let value: String
    }

    /// Where the content is put.
    public let address: String
    /// What must be sent with it; browsers set `content-length` themselves.
    public let headers: [Header]
}
