public import Base

/// What a browser is going to upload: exactly this, or nothing.
public struct BlobPromise: Sendable, Hashable {
    /// How large it is.
    public var size: ByteCount
    /// The hash of its content.
    public var hash: BlobHash
    /// Its media type, at most 100 printable ASCII characters.
    public var contentType: String

    /// Puts a promise together.
    ///
    /// - Parameters:
    ///   - size: How large the object is.
    ///   - hash: The hash of its content.
    ///   - contentType: Its media type. Defaults to `application/octet-stream`.
    public init(size: ByteCount, hash: BlobHash, contentType: String = "application/octet-stream") {
        self.size = size
        self.hash = hash
        self.contentType = contentType
    }
}

/// An address that takes one upload, and the header fields that must come with it.
public struct BlobUploadAddress: Sendable, Hashable {
    /// A header field.
    public struct Header: Sendable, Hashable {
        /// Its name, in lower case.
        public let name: String
        /// Its value, exactly.
        public let value: String

        /// Names a field.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Where the content is put, by `PUT`.
    public let address: String
    /// What must be sent with it, besides what browsers send by themselves.
    public let headers: [Header]
    /// Whether it leads to the store itself, so that this process does not learn when the content has arrived.
    public let isDirect: Bool

    /// Puts an address together.
    public init(address: String, headers: [Header] = [], isDirect: Bool) {
        self.address = address
        self.headers = headers
        self.isDirect = isDirect
    }
}

extension BlobStore {
    /// Uploads come through this process.
    public var directOrigin: String? { nil }

    /// An address of this process, signed by `signer`; whoever serves it checks and stores what comes.
    public func uploadAddress(
        for key: BlobKey, of tenant: Tenant, promising promise: BlobPromise, lifetime: Duration,
        otherwise signer: BlobSigner
    ) -> BlobUploadAddress {
        BlobUploadAddress(
            address: signer.uploadAddress(
                .key(key), for: tenant, sizeMax: promise.size, contentType: promise.contentType, hash: promise.hash,
                lifetime: lifetime),
            headers: [.init(name: "content-type", value: promise.contentType)], isDirect: false)
    }

    /// An address of this process, signed by `signer`.
    public func downloadAddress(
        for key: BlobKey, of tenant: Tenant, lifetime: Duration, otherwise signer: BlobSigner
    ) -> String {
        signer.downloadAddress(key, for: tenant, lifetime: lifetime)
    }
}
