import Base

/// Where comments, people and reports are.
extension Addresses {
    static let me = base + "/people/me"
    static let reports = base + "/reports"
    static let reportsDesk = base + "/desk/reports"

    static func person(_ id: ID<Person>) -> String { "\(base)/people/\(id)" }
    static func follow(_ id: ID<Person>) -> String { "\(base)/people/\(id)/follow" }
    static func comments(_ clip: ID<Clip>) -> String { "\(base)/clips/\(clip)/comments" }
    static func review(_ id: ID<Comment>) -> String { "\(base)/desk/comments/\(id)/review" }
    static func comment(_ id: ID<Comment>, _ verb: String) -> String { "\(base)/comments/\(id)/\(verb)" }
    static func replies(_ clip: ID<Clip>, to comment: ID<Comment>, after cursor: String? = nil) -> String {
        "\(base)/clips/\(clip)/comments/\(comment)" + (cursor.map { "?after=\($0)" } ?? "")
    }
}
