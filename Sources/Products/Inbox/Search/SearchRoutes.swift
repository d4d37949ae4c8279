import Base
import Storage
import Web

/// Search over all history of a company.
struct SearchRoutes: Sendable {
    let office: Office

    var routes: [Route] { [search] }

    private struct SearchInput: Input {
        static let fields: [Field] = [
            .query("q", .text(1...200), "Words that a message holds, the last one as the beginning of a word."),
            .query("role", optional: .choice(SearchFilter.Role.self), default: "anybody", "Who said it."),
            .query("channelId", optional: .id), .query("tagId", optional: .id), .query("personId", optional: .id),
            .query("since", optional: .timestamp), .query("until", optional: .timestamp),
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...100), default: 25),
        ]

        let q: String
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

        static let shape = Shape.object([
            .body("found", .list(.object(Found.fields))), .body("next", optional: .cursor),
        ])

        let found: [Found]
        let next: String?
    }

    private var search: Route {
        Route(
            .get, "/search", "inbox.search", "Finds messages of all history by their words, the newest first.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [office] (request: Request<SearchInput>) in
            let input = request.input
            let page = try await refusing {
                let filter = SearchFilter(
                    role: input.role, channel: input.channelId, tag: input.tagId, person: input.personId,
                    since: input.since, until: input.until)
                return try await office.threads.search(
                    input.q, filter, for: try await office.agents.agent(of: request.context), after: input.after,
                    limit: input.limit, in: request.tenant)
            }
            return SearchOutput(
                found: page.items.map {
                    SearchOutput.Found(
                        conversationId: $0.message.conversationID, name: $0.name, message: MessageLine($0.message))
                }, next: page.next?.description)
        }
    }
}
