import Base

/// Where the product's pages are, and its API.
enum Addresses {
    static let base = "/inbox"
    static let api = "/api/inbox"

    static let replies = base + "/replies"
    static let dashboard = base + "/dashboard"
    static let team = base + "/team"

    static func conversation(_ id: ID<Conversation>) -> String { "\(base)/conversations/\(id)" }
}
