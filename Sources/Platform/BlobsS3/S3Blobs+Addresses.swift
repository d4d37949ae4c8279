public import Base
public import Blobs
import Foundation
import Outbound

/// Addresses by which browsers and vendors reach the store itself, past this process.
extension S3Blobs {
    /// The longest time that S3 lets an address be valid: seven days.
    public static let lifetimeMax = Duration.seconds(7 * 86_400)

    /// The store's own origin.
    public var directOrigin: String? { bucket.options.bucketAddress.origin }

    /// An address of the store that reads an object; `signer` is not used.
    public func downloadAddress(
        for key: BlobKey, of tenant: Tenant, lifetime: Duration, otherwise signer: BlobSigner
    ) -> String {
        Self.check(lifetime)
        return bucket.signer.presigned(.get, bucket.address(name(key, tenant)), lifetime: lifetime, at: clock.now())
    }

    /// An address of the store that takes one upload of exactly what was promised; `signer` is not used.
    ///
    /// Size, type and hash are part of the signature, so the store itself refuses any other. So is the condition that
    /// nothing has the key, by which the address is good for one upload. An object that comes this way is as complete as
    /// one that came through us.
    public func uploadAddress(
        for key: BlobKey, of tenant: Tenant, promising promise: BlobPromise, lifetime: Duration,
        otherwise signer: BlobSigner
    ) -> BlobUploadAddress {
        Self.check(lifetime)
        let info = BlobInfo(
            key: key, size: promise.size, hash: promise.hash, contentType: promise.contentType, storedAt: clock.now())
        var headers = Self.headers(info).fields.map { ($0.name.lowercased(), $0.value) }
        headers.append(("x-amz-checksum-sha256", Data(info.hash.bytes).base64EncodedString()))
        headers.append(("if-none-match", "*"))
        let address = bucket.signer.presigned(
            // Browsers send the length by themselves, and let no script say another one.
            .put, bucket.address(name(key, tenant)), headers + [("content-length", "\(info.size.bytes)")],
            lifetime: lifetime, at: clock.now())
        return BlobUploadAddress(
            address: address, headers: headers.map { .init(name: $0.0, value: $0.1) }, isDirect: true)
    }

    private static func check(_ lifetime: Duration) {
        precondition(
            (.seconds(1)...lifetimeMax).contains(lifetime), "an address must be valid for 1 second to 7 days")
    }
}
