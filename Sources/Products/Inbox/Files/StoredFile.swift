import Base
import InboxVendors
import Storage

/// A file of a conversation that is kept here: copied from a vendor, or uploaded by a visitor or an agent.
struct StoredFile: Sendable, Hashable {
    enum Bounds {
        /// Bytes of a file.
        static let bytes = ByteCount.mebibytes(25)
        static let nameCharacters = 200
    }

    enum Origin: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case vendor, visitor, agent
        /// The picture of a contact.
        case picture
    }

    let id: ID<StoredFile>
    let channelID: ID<Channel>
    var conversationID: ID<Conversation>?
    var messageID: ID<Message>?
    let origin: Origin
    /// Of a visitor's upload: who it is, as the vendor's id of a customer.
    var owner: String?
    var personID: ID<Person>?
    let kind: String
    let name: String?
    let mediaType: String
    let bytes: Int
    let createdAt: Timestamp

    /// What of a file may be shown in a page; everything else is downloaded, since a page in a file would be ours.
    static func safeType(_ claimed: String?) -> String {
        let type = (claimed ?? "").prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace }
        return shown.contains(type) ? type : "application/octet-stream"
    }

    private static let shown: Set<String> = [
        "image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4", "video/webm", "audio/mpeg", "audio/mp4",
        "audio/ogg", "audio/wav", "audio/webm", "application/pdf", "text/plain",
    ]

    static func kind(of mediaType: String) -> InboundAttachment.Kind {
        switch mediaType.prefix(while: { $0 != "/" }) {
        case "image": .image
        case "video": .video
        case "audio": .audio
        default: .file
        }
    }

    /// A name that may stand in a header: quoted, of ASCII, with the rest of Unicode beside it.
    var disposition: String {
        let plain = (name ?? "file").unicodeScalars.map { scalar -> Character in
            scalar.isASCII && scalar.value >= 0x20 && scalar != "\"" && scalar != "\\" && scalar.value != 0x7F
                ? Character(scalar) : "_"
        }
        let way = mediaType == "application/octet-stream" ? "attachment" : "inline"
        return "\(way); filename=\"\(String(plain))\"; filename*=UTF-8''\(Query.encoded(name ?? "file"))"
    }
}

/// The facts of files; their bytes are in the blob store.
struct FileStore: Sendable {
    let storage: Storage

    func insert(_ file: StoredFile, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "file.insert",
            """
            INSERT INTO inbox_files (tenant_id, id, channel_id, conversation_id, message_id, origin, owner, person_id, kind,
                name, media_type, bytes, created_at)
            VALUES (\(tenant), \(file.id), \(file.channelID), \(file.conversationID), \(file.messageID), \(file.origin),
                \(file.owner), \(file.personID), \(file.kind), \(file.name), \(file.mediaType), \(file.bytes),
                \(file.createdAt))
            ON CONFLICT DO NOTHING
            """)
    }

    func file(
        _ id: ID<StoredFile>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> StoredFile? {
        try await reading.first(
            StoredFile.self, "file.byID",
            "SELECT \(sql: StoredFile.columns) FROM inbox_files f WHERE f.tenant_id = \(tenant) AND f.id = \(id)")
    }

    /// Notes to which message an agent's file belongs.
    func attach(
        _ id: ID<StoredFile>, to message: Message, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "file.attach",
            """
            UPDATE inbox_files SET conversation_id = \(message.conversationID), message_id = \(message.id)
            WHERE tenant_id = \(tenant) AND id = \(id)
            """)
    }

    /// Gives an upload to the message that it came for; `nil` when it is somebody else's, or belongs to another message.
    func claim(
        _ id: ID<StoredFile>, of owner: String, for message: Message, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> StoredFile? {
        try await writing.returning(
            StoredFile.self, "file.claim",
            """
            UPDATE inbox_files SET conversation_id = \(message.conversationID), message_id = \(message.id)
            WHERE tenant_id = \(tenant) AND id = \(id) AND owner = \(owner) AND channel_id = \(message.channelID)
                AND message_id IS NULL
            RETURNING id, channel_id, conversation_id, message_id, origin, owner, person_id, kind, name, media_type, bytes,
                created_at
            """, limit: 1
        ).first
    }
}

extension StoredFile: RowDecodable {
    static let columns: SQL = """
        f.id, f.channel_id, f.conversation_id, f.message_id, f.origin, f.owner, f.person_id, f.kind, f.name, f.media_type,
        f.bytes, f.created_at
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), channelID: try row.value(at: 1), conversationID: try row.optional(at: 2),
            messageID: try row.optional(at: 3), origin: try row.value(at: 4), owner: try row.optional(at: 5),
            personID: try row.optional(at: 6), kind: try row.value(at: 7), name: try row.optional(at: 8),
            mediaType: try row.value(at: 9), bytes: try row.value(at: 10), createdAt: try row.value(at: 11))
    }
}
