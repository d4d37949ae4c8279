import Base

import typealias Storage.SQLConvertible

/// A document that the bot may answer from.
struct KnowledgeDocument: Sendable, Hashable {
    enum Bounds {
        /// Documents of a company.
        static let documents = 5_000
        static let titleCharacters = 200
        /// Bytes of a file.
        static let bytes = ByteCount.mebibytes(20)
    }

    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case waiting, ready, failed
    }

    let id: ID<KnowledgeDocument>
    let title: String
    /// Its media type.
    let form: String
    let bytes: Int
    let hash: String
    var state: State
    var reason: String?
    var passages: Int
    let personID: ID<Person>
    let createdAt: Timestamp
}
