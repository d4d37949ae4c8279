import Base

import typealias Storage.SQLConvertible

/// An address that the bot answers from: read once a week, and taken anew when it says something else.
struct KnowledgeSource: Sendable, Hashable {
    enum Bounds {
        /// Addresses of a company.
        static let sources = 500
        static let addressBytes = 2_000
        /// How often one is read.
        static let pause: Duration = .seconds(7 * 86_400)
        /// The largest page.
        static let page = ByteCount.mebibytes(20)
        static let redirects = 5
    }

    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible { case waiting, good, failed }

    let id: ID<KnowledgeSource>
    let address: String
    var title: String
    /// What was made of it when it was read last.
    var documentID: ID<KnowledgeDocument>?
    var hash: String?
    var state: State
    /// Why it could not be read, in the words of a small set.
    var reason: String?
    var checkedAt: Timestamp?
    var nextAt: Timestamp
    let personID: ID<Person>
    let createdAt: Timestamp
}
