import Base

/// Where the product's pages are, and what of its API the pages call.
enum Addresses {
    static let base = "/tournament"
    static let api = "/api/tournament"

    static let feed = base
    static let timetable = base + "/timetable"
    static let film = base + "/film"
    static let upload = base + "/upload"
    static let mine = base + "/upload/mine"
    static let queue = base + "/desk/clips"
    static let votes = api + "/votes"
    static let views = api + "/views"

    static let captcha = base + "/captcha"
    static let desk = base + "/desk"
    static let flagsDesk = base + "/desk/flags"

    static func film(from slot: Int) -> String { "\(film)?from=\(slot)" }
    static func captcha(backTo clip: ID<Clip>) -> String { "\(captcha)?clip=\(clip)" }
    static func fraudCase(_ id: ID<FraudCase>) -> String { "\(desk)/fraud/\(id)" }
    static func clip(_ id: ID<Clip>) -> String { "\(base)/clips/\(id)" }
    static func results(_ slot: ID<Slot>) -> String { "\(base)/slots/\(slot)" }
    static func ballots(_ slot: ID<Slot>) -> String { "\(api)/slots/\(slot)/ballots" }
    static func close(_ slot: ID<Slot>) -> String { "\(base)/slots/\(slot)/close" }
    static func timetable(track: ID<Track>) -> String { "\(timetable)?track=\(track)" }

    /// A board's page; `around` marks one entry and shows its neighbours.
    static func board(_ kind: String, scope: String? = nil, order: String? = nil, around: String? = nil) -> String {
        var query: [String] = []
        if let scope { query.append("scope=\(scope)") }
        if let order { query.append("order=\(order)") }
        if let around { query.append("around=\(around)") }
        return "\(base)/boards/\(kind)" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }
}
