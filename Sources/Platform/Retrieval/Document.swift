public import Base
public import Storage

/// A document of a collection.
public struct Document: Sendable, Hashable, RowDecodable {
    /// Its id.
    public let id: ID<Document>
    /// What it is called.
    public let title: String
    /// Where it came from: an address, a file's name.
    public let source: String
    /// How many passages it has.
    public let passages: Int
    /// When it was taken, or last replaced.
    public let madeAt: Timestamp

    static let columns: SQL = "id, title, source, passages, made_at"

    /// Reads a row.
    public init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        title = try row.value(at: 1)
        source = try row.value(at: 2)
        passages = try row.value(at: 3)
        madeAt = try row.value(at: 4)
    }
}

/// A document as it is given.
public struct DocumentDraft: Sendable {
    /// The bounds of what is told about a document.
    public enum Bounds {
        /// Bytes of a title.
        public static let titleBytes = 500
        /// Bytes of a source.
        public static let sourceBytes = 2_000
    }

    /// Its id, chosen by whoever gives it: the same id again replaces the document.
    public let id: ID<Document>
    /// What it is called.
    public let title: String
    /// Where it came from.
    public let source: String
    /// Its text.
    public let text: DocumentText

    /// Describes a document.
    ///
    /// - Parameters:
    ///   - id: the same id again replaces the document.
    ///   - title: at most ``Bounds/titleBytes``; longer ones are cut.
    ///   - source: an address or a file's name, at most ``Bounds/sourceBytes``; longer ones are cut.
    ///   - text: what it says.
    public init(_ id: ID<Document>, title: String, source: String = "", text: DocumentText) {
        self.id = id
        self.title = String(decoding: title.utf8.lazy.filter { $0 != 0 }.prefix(Bounds.titleBytes), as: UTF8.self)
        self.source = String(decoding: source.utf8.lazy.filter { $0 != 0 }.prefix(Bounds.sourceBytes), as: UTF8.self)
        self.text = text
    }
}
