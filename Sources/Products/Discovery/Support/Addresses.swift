import Base

/// Where the product's pages are, and what of its API the pages call.
enum Addresses {
    static let base = "/discovery"
    static let api = "/api/discovery"

    static let searches = base + "/searches"
    static let compose = base + "/searches/new"
    static let creators = base + "/creators"
    static let usage = base + "/usage"

    static func search(_ id: ID<Search>) -> String { "\(searches)/\(id)" }
    static func search(_ id: ID<Search>, _ verb: String) -> String { "\(searches)/\(id)/\(verb)" }
    static func creator(_ id: ID<Creator>) -> String { "\(creators)/\(id)" }
    static func picture(_ id: ID<Creator>) -> String { "\(api)/creators/\(id)/picture" }
    static func status(_ id: ID<Search>) -> String { "\(api)/searches/\(id)" }
    static func matches(_ id: ID<Search>) -> String { "\(api)/searches/\(id)/matches" }
}
