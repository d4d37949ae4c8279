public import Base
import Blobs
public import Outbound

/// Where a bucket is, and how it is used.
public struct S3Options: Sendable {
    enum Bounds {
        static let partBytes = 5 << 20...1 << 30
        static let prefixBytes = 200
    }

    /// How the bucket is named in addresses.
    public enum Style: String, CaseIterable, Sendable {
        /// In the path, `https://endpoint/bucket/key`: what every store of one's own understands.
        case path
        /// In the host, `https://bucket.endpoint/key`: what Amazon wants.
        case host
    }

    /// The address of the bucket, without a slash at its end.
    public let bucketAddress: OutboundAddress
    /// The region that requests are signed for, as in `eu-central-1`.
    public let region: String
    /// What all keys of this installation begin with; empty, or ending in `/`.
    public let prefix: String
    /// How large a part of a large upload is, and how much of an upload is in memory.
    ///
    /// Defaults to 8 MiB; 5 MiB (the least that S3 takes) to 1 GiB.
    public let partSize: ByteCount
    /// How long one request may take that is no download.
    ///
    /// Defaults to 60 seconds; 1 second to 1 hour.
    public let deadline: Duration

    /// Describes a bucket; `nil` when a name cannot be one.
    ///
    /// - Parameters:
    ///   - bucket: 3 to 63 of lower-case letters, digits, dots and hyphens.
    ///   - endpoint: The store's address; its path is not used. Amazon's own for the region unless given.
    ///   - region: The region. Defaults to `us-east-1`, which stores of one's own take.
    ///   - style: Defaults to ``Style/path`` with an endpoint, to ``Style/host`` without.
    ///   - prefix: Up to 200 characters of `A–Z a–z 0–9 . _ - /`. Defaults to none.
    ///   - partSize: How large a part of a large upload is. Defaults to 8 MiB; 5 MiB to 1 GiB.
    ///   - deadline: How long a request may take. Defaults to 60 seconds; 1 second to 1 hour.
    public init?(
        bucket: String, endpoint: OutboundAddress? = nil, region: String = "us-east-1", style: Style? = nil,
        prefix: String = "", partSize: ByteCount = .mebibytes(8), deadline: Duration = .seconds(60)
    ) {
        guard (3...63).contains(bucket.utf8.count), bucket.utf8.allSatisfy(Self.isOfBucket),
            (1...32).contains(region.utf8.count), region.utf8.allSatisfy(Self.isOfBucket),
            prefix.utf8.count <= Bounds.prefixBytes, prefix.isEmpty || BlobKey(String(prefix.dropLast())) != nil,
            prefix.isEmpty || prefix.hasSuffix("/"), Bounds.partBytes.contains(partSize.bytes),
            (.seconds(1) ... .seconds(3_600)).contains(deadline)
        else { return nil }
        let store = endpoint?.origin ?? "https://s3.\(region).amazonaws.com"
        let style = style ?? (endpoint == nil ? .host : .path)
        let text: String
        switch style {
        case .path: text = "\(store)/\(bucket)"
        case .host:
            let parts = store.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            text = "\(parts[0])//\(bucket).\(parts[2])"
        }
        guard let address = OutboundAddress(text) else { return nil }
        bucketAddress = address
        self.region = region
        self.prefix = prefix
        self.partSize = partSize
        self.deadline = deadline
    }

    private static func isOfBucket(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }
}

/// The key pair that requests are signed with.
public struct S3Credentials: Sendable {
    /// The public half, as in `AKIAIOSFODNN7EXAMPLE`.
    public let keyID: String
    /// The secret half.
    public let secret: Secret<String>
    /// The token of temporary credentials; `nil` for lasting ones.
    public let token: Secret<String>?

    /// Puts a key pair together.
    public init(keyID: String, secret: Secret<String>, token: Secret<String>? = nil) {
        self.keyID = keyID
        self.secret = secret
        self.token = token
    }
}
