import Base
import Storage
import Web

/// Search over all history of a company.
struct SearchRoutes: Sendable {
    let office: Office

    var routes: [Route] { [search] }

    private struct SearchInput: Input {
        static let fields: [Field] = [
            .query(
                "q", .text(1...200),
                "Words that a message holds, the last one as the beginning of a word; tag:label for a tag."),
            .query(
                "order", optional: .choice(SearchOrder.self), default: "time",
                "The newest first, or the best of the newest 5,000 matches."),
            .query("asOf", optional: .timestamp, "What the first page by relevance said, for those behind it."),
            .query("role", optional: .choice(SearchFilter.Role.self), default: "anybody", "Who said it."),
            .query("channelId", optional: .id), .query("tagId", optional: .id), .query("personId", optional: .id),
            .query("since", optional: .timestamp), .query("until", optional: .timestamp),
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...100), default: 25),
        ]

        let q: String
        let order: SearchOrder
        let asOf: Timestamp?
        let role: SearchFilter.Role
        let channelId: ID<Channel>?
        let tagId: ID<Tag>?
        let personId: ID<Person>?
        let since: Timestamp?
        let until: Timestamp?
        let after: Cursor?
        let limit: Int
    }

    private struct SearchOutput: Output {
        struct Found: Encodable {
            static let fields: [Field] = [
                .body("conversationId", .id), .body("name", .text), .body("message", .object(MessageLine.fields)),
            ]

            let conversationId: ID<Conversation>
            let name: String
            let message: MessageLine
        }

        struct Who: Encodable {
            static let fields: [Field] = [
                .body("id", .id), .body("name", .text), .body("email", optional: .text),
                .body("phone", optional: .text),
            ]

            let id: ID<Contact>
            let name: String
            let email: String?
            let phone: String?
        }

        struct Label: Encodable {
            static let fields: [Field] = [.body("id", .id), .body("label", .text)]

            let id: ID<Tag>
            let label: String
        }

        static let shape = Shape.object([
            .body("found", .list(.object(Found.fields))), .body("next", optional: .cursor),
            .body("order", .choice(SearchOrder.self)), .body("asOf", .timestamp),
            .body("considered", optional: .integer(0...SearchStore.Bounds.ranked)), .body("isCut", .boolean),
            .body("contacts", .list(.object(Who.fields))), .body("tags", .list(.object(Label.fields))),
        ])

        let found: [Found]
        let next: String?
        let order: SearchOrder
        let asOf: Timestamp
        /// Among how many matches the best were chosen; nothing in the order of time.
        let considered: Int?
        /// Whether older matches were left out of that.
        let isCut: Bool
        let contacts: [Who]
        let tags: [Label]
    }

    private var search: Route {
        Route(
            .get, "/search", "inbox.search",
            "Finds messages of all history by their words, the newest first or the best first; and contacts and tags.",
            policy: .signedIn, limit: Rates.reading, budget: 3, failures: [Failures.cursor]
        ) { [office] (request: Request<SearchInput>) in
            let input = request.input
            let answer = try await refusing {
                let filter = SearchFilter(
                    role: input.role, channel: input.channelId, tag: input.tagId, person: input.personId,
                    since: input.since, until: input.until)
                return try await SearchDesk(office).search(
                    SearchWish(question: input.q, filter: filter, order: input.order, asOf: input.asOf),
                    for: try await office.agents.agent(of: request.context), after: input.after, limit: input.limit,
                    in: request.tenant)
            }
            return SearchOutput(
                found: answer.messages.items.map {
                    SearchOutput.Found(
                        conversationId: $0.message.conversationID, name: $0.name, message: MessageLine($0.message))
                }, next: answer.messages.next?.description, order: input.order, asOf: answer.asOf,
                considered: answer.considered, isCut: answer.isCut,
                contacts: answer.contacts.map {
                    SearchOutput.Who(id: $0.id, name: $0.name, email: $0.email, phone: $0.phone)
                }, tags: answer.tags.map { SearchOutput.Label(id: $0.id, label: $0.label) })
        }
    }
}
