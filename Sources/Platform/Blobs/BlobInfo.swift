public import Base

/// What is known about a stored object.
public struct BlobInfo: Sendable, Hashable {
    /// Its name within the tenant.
    public var key: BlobKey
    /// How large it is.
    public var size: ByteCount
    /// The hash of its content.
    public var hash: BlobHash
    /// Its media type, as the uploader claimed it.
    public var contentType: String
    /// When it was stored.
    public var storedAt: Timestamp

    /// Puts the facts together.
    ///
    /// - Parameters:
    ///   - key: Its name within the tenant.
    ///   - size: How large it is.
    ///   - hash: The hash of its content.
    ///   - contentType: Its media type.
    ///   - storedAt: When it was stored.
    public init(key: BlobKey, size: ByteCount, hash: BlobHash, contentType: String, storedAt: Timestamp) {
        self.key = key
        self.size = size
        self.hash = hash
        self.contentType = contentType
        self.storedAt = storedAt
    }

    /// A strong entity tag, quotes included.
    public var entityTag: String { "\"\(hash)\"" }
}

/// Where an upload goes.
public enum BlobTarget: Sendable, Hashable {
    /// To this key.
    case key(BlobKey)
    /// To the address of its content, `sha256/ab/cdef…`; content that is already there is kept.
    case contentAddress
}

/// What an upload claims and may be.
public struct BlobUpload: Sendable {
    /// What happens when the key is taken.
    public enum Conflict: String, CaseIterable, Sendable {
        /// The new object takes the old one's place.
        case replace
        /// The old object stays.
        case keep
    }

    /// The media type, at most 100 printable ASCII characters.
    ///
    /// Defaults to `application/octet-stream`.
    public var contentType: String
    /// The largest size that is accepted.
    ///
    /// No default; 0 bytes to 1 TiB.
    public var sizeMax: ByteCount
    /// The size that was announced (`Content-Length`); another one is an error.
    ///
    /// Defaults to none.
    public var length: ByteCount?
    /// The hash that the content must have.
    ///
    /// Defaults to none.
    public var hash: BlobHash?
    /// What happens when the key is taken.
    ///
    /// Defaults to ``Conflict/replace``.
    public var conflict: Conflict

    /// Describes an upload.
    ///
    /// - Parameters:
    ///   - contentType: The media type, at most 100 printable ASCII characters.
    ///   - sizeMax: The largest size that is accepted.
    ///   - length: The size that was announced; another one is an error.
    ///   - hash: The hash that the content must have.
    ///   - conflict: What happens when the key is taken.
    public init(
        contentType: String = "application/octet-stream", sizeMax: ByteCount, length: ByteCount? = nil,
        hash: BlobHash? = nil, conflict: Conflict = .replace
    ) {
        self.contentType = contentType
        self.sizeMax = sizeMax
        self.length = length
        self.hash = hash
        self.conflict = conflict
    }

    /// Whether ``contentType`` is a media type that can stand in a header.
    public var isContentTypeValid: Bool {
        contentType.utf8.count <= 100 && contentType.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            && contentType.utf8.contains(UInt8(ascii: "/"))
    }
}

/// What became of an upload.
public struct BlobReceipt: Sendable, Hashable {
    /// The object that is there now.
    public var info: BlobInfo
    /// Whether this upload brought it; `false` when one of its key was there and stayed.
    public var isNew: Bool

    /// Puts the facts together.
    public init(info: BlobInfo, isNew: Bool) {
        self.info = info
        self.isNew = isNew
    }
}

/// A part of the objects of a tenant, in the order of their keys.
public struct BlobPage: Sendable {
    /// The objects.
    public var blobs: [BlobInfo]
    /// Where the next page begins; `nil` when this was the last.
    public var next: BlobKey?

    /// Puts a page together.
    public init(blobs: [BlobInfo], next: BlobKey?) {
        self.blobs = blobs
        self.next = next
    }
}
