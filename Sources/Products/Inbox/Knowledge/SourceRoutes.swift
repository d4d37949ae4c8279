import Base
import Web

/// Addresses that the bot answers from, over HTTP.
struct SourceRoutes: Sendable {
    let office: Office

    var routes: [Route] { [list, add, refresh, remove] }

    private struct SourceOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("address", .text), .body("title", .text),
            .body("state", .choice(KnowledgeSource.State.self)), .body("reason", optional: .text),
            .body("documentId", optional: .id), .body("checkedAt", optional: .timestamp), .body("nextAt", .timestamp),
        ]
        static let shape = Shape.object(fields)

        let id: ID<KnowledgeSource>
        let address: String
        let title: String
        let state: KnowledgeSource.State
        let reason: String?
        let documentId: ID<KnowledgeDocument>?
        let checkedAt: Timestamp?
        let nextAt: Timestamp

        init(_ source: KnowledgeSource) {
            id = source.id
            address = source.address
            title = source.title
            state = source.state
            reason = source.reason
            documentId = source.documentID
            checkedAt = source.checkedAt
            nextAt = source.nextAt
        }
    }

    private struct ListOutput: Output {
        static let shape = Shape.object([.body("sources", .list(.object(SourceOutput.fields)))])

        let sources: [SourceOutput]
    }

    private var list: Route {
        Route(
            .get, "/sources", "inbox.listSources", "Lists the addresses that the bot answers from.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.notAllowed]
        ) { [office] (request: Request<NoInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .agent)
                return ListOutput(
                    sources: try await office.sources.store.all(in: request.tenant).map(SourceOutput.init))
            }
        }
    }

    private struct AddInput: Input {
        static let fields: [Field] = [
            .body("address", .text(1...KnowledgeSource.Bounds.addressBytes)),
            .body("title", optional: .text(1...KnowledgeDocument.Bounds.titleCharacters)),
        ]

        let address: String
        let title: String?
    }

    private var add: Route {
        Route(
            .post, "/sources", "inbox.addSource", "Has an address be read now and once a week.", policy: .signedIn,
            limit: .per(.person, "inbox.upload", 10, in: .seconds(3_600)), budget: 2, status: 201,
            failures: [
                Failures.notAllowed, Failure("inbox.sourceInvalid", 422, "The address is none, or may not be called."),
                Failure("inbox.documentKnown", 409, "The address is there already, or there are too many."),
            ]
        ) { [office] (request: Request<AddInput>) in
            try await refusing {
                let person = try request.context.person(atLeast: .admin)
                return SourceOutput(
                    try await office.sources.add(
                        request.input.address, titled: request.input.title, by: person, in: request.tenant))
            }
        }
    }

    private struct OfSource: Input {
        static let fields: [Field] = [.path("id", .id, "The address.")]

        let id: ID<KnowledgeSource>
    }

    private var refresh: Route {
        Route(
            .post, "/sources/{id}/reading", "inbox.readSource", "Has an address be read now.", policy: .signedIn,
            limit: Rates.writing, budget: 2, status: 204, failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfSource>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                try await office.sources.refresh(request.input.id, in: request.tenant)
                return NoContent()
            }
        }
    }

    private var remove: Route {
        Route(
            .delete, "/sources/{id}", "inbox.removeSource", "Removes an address with what was found there.",
            policy: .signedIn, limit: Rates.writing, budget: 14, status: 204,
            failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfSource>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                try await office.sources.remove(request.input.id, in: request.tenant)
                return NoContent()
            }
        }
    }
}
