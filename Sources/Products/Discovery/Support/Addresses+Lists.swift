import Base

/// Where lists, campaigns, exports and saved searches are.
extension Addresses {
    static let lists = base + "/lists"
    static let campaigns = base + "/campaigns"
    static let exports = base + "/exports"
    static let savedSearches = base + "/saved-searches"
    static let shared = base + "/shared"

    static func list(_ id: ID<CreatorList>) -> String { "\(lists)/\(id)" }
    static func list(_ id: ID<CreatorList>, _ verb: String) -> String { "\(lists)/\(id)/\(verb)" }
    static func table(_ id: ID<CreatorList>) -> String { list(id, "table") }
    static func entry(_ id: ID<ListEntry>, _ verb: String) -> String { "\(base)/entries/\(id)/\(verb)" }
    static func campaign(_ id: ID<Campaign>) -> String { "\(campaigns)/\(id)" }
    static func export(_ id: ID<Export>, _ verb: String) -> String { "\(exports)/\(id)/\(verb)" }
    static func exportFile(_ id: ID<Export>) -> String { "\(api)/exports/\(id)/file" }
    static func exportManifest(_ id: ID<Export>) -> String { "\(api)/exports/\(id)/manifest" }
    static func savedSearch(_ id: ID<SavedSearch>, _ verb: String) -> String { "\(savedSearches)/\(id)/\(verb)" }
    static func shared(_ token: String) -> String { "\(shared)/\(token)" }
}
