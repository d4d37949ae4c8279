import Base

/// Where the product's pages are, and its API.
enum Addresses {
    static let base = "/inbox"
    static let api = "/api/inbox"

    static let contacts = base + "/contacts"
    static let search = base + "/search"
    static let knowledge = base + "/knowledge"
    static let replies = base + "/replies"
    static let dashboard = base + "/dashboard"
    static let channels = base + "/channels"
    static let team = base + "/team"
    static let exports = base + "/exports"

    static func conversation(_ id: ID<Conversation>) -> String { "\(base)/conversations/\(id)" }
    static func conversation(_ id: ID<Conversation>, _ verb: String) -> String {
        "\(base)/conversations/\(id)/\(verb)"
    }
    static func file(_ id: ID<StoredFile>) -> String { "\(api)/files/\(id)" }
    static func contact(_ id: ID<Contact>) -> String { "\(contacts)/\(id)" }
    static func contact(_ id: ID<Contact>, _ verb: String) -> String { "\(contacts)/\(id)/\(verb)" }
}
