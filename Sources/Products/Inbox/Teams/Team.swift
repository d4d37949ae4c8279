import Base

/// A group of agents who share the conversations of some channels.
struct Team: Sendable, Hashable {
    enum Bounds {
        /// Teams of a company.
        static let teams = 50
        static let nameCharacters = 80
        /// Members of a team.
        static let members = 200
        /// Channels that a team is named for.
        static let channels = 100
        /// Conversations that are open with a member at once.
        static let cap = 0...1_000
        static let usualCap = 20
        /// How long a customer comes back to who answered last.
        static let stickiness: Duration = .seconds(3 * 86_400)
    }

    /// Somebody of a team.
    struct Member: Sendable, Hashable, Codable {
        let person: ID<Person>
        /// How many conversations may be open with them before nothing is given to them by itself.
        var cap: Int
    }

    let id: ID<Team>
    var name: String
    /// The channels whose conversations come to it; all when there are none.
    var channels: [ID<Channel>]
    var members: [Member]

    /// The name of the first rule that is broken; `nil` when all hold.
    var fault: String? {
        if !(1...Bounds.nameCharacters).contains(name.unicodeScalars.count) { return "name" }
        if channels.count > Bounds.channels { return "channels" }
        if members.count > Bounds.members || Set(members.map(\.person)).count != members.count { return "members" }
        if !members.allSatisfy({ Bounds.cap.contains($0.cap) }) { return "cap" }
        return nil
    }

    func takes(_ channel: ID<Channel>) -> Bool { channels.contains(channel) }

    /// The team of a channel: the first that names it, else the first that names none.
    static func team(of channel: ID<Channel>, among teams: [Team]) -> Team? {
        teams.first { $0.takes(channel) } ?? teams.first { $0.channels.isEmpty }
    }
}
