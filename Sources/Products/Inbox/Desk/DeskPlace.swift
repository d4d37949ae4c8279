import Base

/// Where in the inbox somebody is: the view with its filters, as addresses carry it.
struct DeskPlace: Sendable, Hashable {
    var view = ConversationView.Name.mine
    var channel: ID<Channel>?
    var team: ID<Team>?
    var tag: ID<Tag>?

    var conversations: ConversationView {
        ConversationView(name: view, channel: channel, team: team, tag: tag)
    }

    /// As the end of an address, with its question mark.
    var query: String {
        "?view=\(view.rawValue)" + (channel.map { "&channel=\($0)" } ?? "") + (team.map { "&team=\($0)" } ?? "")
            + (tag.map { "&tag=\($0)" } ?? "")
    }

    func list(after cursor: String? = nil) -> String {
        Addresses.base + query + (cursor.map { "&after=\(Query.encoded($0))" } ?? "")
    }

    func thread(_ id: ID<Conversation>) -> String { Addresses.conversation(id) + query }

    func form(_ id: ID<Conversation>, _ verb: String) -> String { Addresses.conversation(id, verb) + query }
}
