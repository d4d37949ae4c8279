import Base
import Storage
import Web

/// What customers thought, over HTTP; it is given where the visitor is known, at the widget.
struct RatingRoutes: Sendable {
    let office: Office

    var routes: [Route] { [list] }

    private struct PageInput: Input {
        static let fields: [Field] = [
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...100), default: 20),
        ]

        let after: Cursor?
        let limit: Int
    }

    private struct RatingOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("conversationId", .id), .body("personId", optional: .id),
            .body("points", .integer), .body("text", optional: .text), .body("at", .timestamp),
        ]
        static let shape = Shape.object(fields)

        let id: ID<Rating>
        let conversationId: ID<Conversation>
        let personId: ID<Person>?
        let points: Int
        let text: String?
        let at: Timestamp

        init(_ rating: Rating) {
            id = rating.id
            conversationId = rating.conversationID
            personId = rating.personID
            points = rating.points
            text = rating.text
            at = rating.createdAt
        }
    }

    private struct PageOutput: Output {
        static let shape = Shape.object([
            .body("ratings", .list(.object(RatingOutput.fields))), .body("next", optional: .cursor),
        ])

        let ratings: [RatingOutput]
        let next: String?
    }

    private var list: Route {
        Route(
            .get, "/ratings", "inbox.listRatings", "Lists what customers thought, the newest first.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [office] (request: Request<PageInput>) in
            let page = try await refusing {
                try await office.ratings.store.page(
                    after: request.input.after, limit: request.input.limit, in: request.tenant)
            }
            return PageOutput(ratings: page.items.map(RatingOutput.init), next: page.next?.description)
        }
    }
}
