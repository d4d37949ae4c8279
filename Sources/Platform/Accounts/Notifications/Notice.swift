public import Base
public import Storage

/// Something that a person was told.
public struct Notice: Sendable, Hashable {
    enum Bounds {
        static let title = 200
        static let text = 500
        static let link = 500
    }

    /// How long notices are kept: 90 days.
    public static let age = Duration.seconds(90 * 86_400)

    /// Its own id; later ones are larger.
    public let id: ID<Notice>
    /// The kind's name.
    public let kind: String
    /// The one line that says it.
    public let title: String
    /// What else there is to say; may be empty.
    public let text: String
    /// Where it leads: a path of this site.
    public let link: String
    /// When it was told.
    public let createdAt: Timestamp
    /// When it was read; `nil` until then.
    public let readAt: Timestamp?
}

extension Notice: RowDecodable {
    static let columns: SQL = "id, kind, title, text, link, created_at, read_at"

    /// Reads the row of `notifications`.
    public init(row: SQLRow) throws(StorageError) {
        id = try row.value("id")
        kind = try row.value("kind")
        title = try row.value("title")
        text = try row.value("text")
        link = try row.value("link")
        createdAt = try row.value("created_at")
        readAt = try row.optional("read_at")
    }
}

/// What a person is to be told.
public struct NoticeMessage: Sendable, Hashable {
    /// The one line that says it, at most 200 characters; the rest is cut.
    public let title: String
    /// What else there is to say, at most 500 characters; the rest is cut.
    public let text: String
    /// Where it leads: a path of this site, beginning with one slash.
    public let link: String

    /// Makes a message.
    public init(title: String, text: String = "", link: String) {
        precondition(
            link.hasPrefix("/") && !link.hasPrefix("//") && link.utf8.count <= Notice.Bounds.link,
            "a notice leads to a path of this site")
        self.title = Self.cut(title, Notice.Bounds.title)
        self.text = Self.cut(text, Notice.Bounds.text)
        self.link = link
    }

    private static func cut(_ text: String, _ length: Int) -> String {
        text.unicodeScalars.count <= length
            ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(length - 1))) + "…"
    }
}
