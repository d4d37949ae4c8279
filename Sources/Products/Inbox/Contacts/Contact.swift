import Base

/// Somebody who writes to the company.
struct Contact: Sendable, Hashable {
    enum Bounds {
        static let nameCharacters = 120
        /// Bytes of all fields as JSON; the schema holds the same.
        static let fieldsBytes = 8_192
        static let fields = 50
        static let emailBytes = 254
        static let phoneBytes = 40
    }

    let id: ID<Contact>
    var name: String
    var email: String?
    var phone: String?
    var locale: String?
    var fields: [String: String]
    /// The contact that took this one in.
    var mergedInto: ID<Contact>?
    let createdAt: Timestamp
    var version: Int64

    /// What somebody is called of whom a vendor tells no name.
    static let nameless = "Somebody"
}

/// A contact as one channel knows them: the same human has another id on each account.
struct ContactPoint: Sendable, Hashable {
    enum Bounds {
        /// Bytes of a vendor's id of a customer.
        static let userBytes = 200
    }

    let id: ID<ContactPoint>
    let contactID: ID<Contact>
    let channelID: ID<Channel>
    let externalUserID: String
}
