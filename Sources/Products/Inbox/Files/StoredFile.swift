import Base
import InboxVendors

import typealias Storage.SQLConvertible

/// What has gone whose files are to go too.
enum FilesGone: Sendable, Hashable, Codable {
    case conversation(ID<Conversation>)
    case message(ID<Message>, of: ID<Conversation>)
    case file(ID<StoredFile>)
}

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
