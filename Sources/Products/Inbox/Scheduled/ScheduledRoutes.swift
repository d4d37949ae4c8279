import Base
import Web

/// Drafts, and answers that are sent later, over HTTP.
struct ScheduledRoutes: Sendable {
    let office: Office

    var routes: [Route] { [schedule, waiting, cancel, keepDraft, showDraft] }

    private struct ScheduleInput: Input {
        static let fields: [Field] = [
            .body("conversationId", .id), .body("body", .text(1...Message.Bounds.bodyCharacters)),
            .body("at", .timestamp, "When; at most 90 days ahead."),
            .body(
                "cancelOnReply", optional: .boolean, default: .boolean(true),
                "Makes it a draft when the customer writes before."),
        ]

        let conversationId: ID<Conversation>
        let body: String
        let at: Timestamp
        let cancelOnReply: Bool
    }

    private struct ScheduledOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("conversationId", .id), .body("personId", .id), .body("body", .text),
            .body("at", .timestamp), .body("cancelOnReply", .boolean),
            .body("state", .choice(ScheduledMessage.State.self)),
        ]
        static let shape = Shape.object(fields)

        let id: ID<ScheduledMessage>
        let conversationId: ID<Conversation>
        let personId: ID<Person>
        let body: String
        let at: Timestamp
        let cancelOnReply: Bool
        let state: ScheduledMessage.State

        init(_ message: ScheduledMessage) {
            id = message.id
            conversationId = message.conversationID
            personId = message.personID
            body = message.body
            at = message.dueAt
            cancelOnReply = message.cancelsOnReply
            state = message.state
        }
    }

    private var schedule: Route {
        Route(
            .post, "/scheduled", "inbox.scheduleMessage", "Takes an answer that is sent later.", policy: .signedIn,
            limit: Rates.sending, budget: 5, status: 201, failures: [Failures.message, Failures.time, Failures.limit]
        ) { [office] (request: Request<ScheduleInput>) in
            let input = request.input
            return try await refusing {
                ScheduledOutput(
                    try await office.scheduled.schedule(
                        ScheduledDesk.Wish(
                            conversation: input.conversationId, body: input.body, at: input.at,
                            cancelsOnReply: input.cancelOnReply),
                        by: try request.context.person(atLeast: .agent), in: request.tenant))
            }
        }
    }

    private struct WaitingInput: Input {
        static let fields: [Field] = [.query("conversationId", .id)]

        let conversationId: ID<Conversation>
    }

    private struct WaitingOutput: Output {
        static let shape = Shape.object([.body("scheduled", .list(.object(ScheduledOutput.fields)))])

        let scheduled: [ScheduledOutput]
    }

    private var waiting: Route {
        Route(
            .get, "/scheduled", "inbox.listScheduled", "Lists what waits to be sent in a conversation.",
            policy: .signedIn, limit: Rates.reading, budget: 1
        ) { [office] (request: Request<WaitingInput>) in
            let waiting = try await office.scheduled.store.waiting(
                in: request.input.conversationId, of: request.tenant)
            return WaitingOutput(scheduled: waiting.map(ScheduledOutput.init))
        }
    }

    private struct OfScheduled: Input {
        static let fields: [Field] = [.path("id", .id, "The answer.")]

        let id: ID<ScheduledMessage>
    }

    private var cancel: Route {
        Route(
            .delete, "/scheduled/{id}", "inbox.cancelScheduled", "Takes an answer back that waits.", policy: .signedIn,
            limit: Rates.sending, budget: 1, status: 204, failures: [Failures.missing]
        ) { [office] (request: Request<OfScheduled>) in
            try await refusing {
                try await office.scheduled.cancel(
                    request.input.id, by: try request.context.person(atLeast: .agent), in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct DraftInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The conversation."),
            .body("body", .text(0...Message.Bounds.bodyCharacters), "What was begun; nothing drops it."),
        ]

        let id: ID<Conversation>
        let body: String
    }

    private var keepDraft: Route {
        Route(
            .put, "/conversations/{id}/draft", "inbox.keepDraft", "Keeps what one has begun to answer.",
            policy: .signedIn, limit: .per(.person, "inbox.draft", 60), budget: 1, status: 204,
            failures: [Failures.missing, Failures.message]
        ) { [office] (request: Request<DraftInput>) in
            try await refusing {
                try await office.scheduled.keepDraft(
                    request.input.body, of: try request.context.person(atLeast: .agent), in: request.input.id,
                    of: request.tenant)
                return NoContent()
            }
        }
    }

    private struct DraftOutput: Output {
        static let shape = Shape.object([.body("body", .text), .body("changedAt", optional: .timestamp)])

        let body: String
        let changedAt: Timestamp?
    }

    private var showDraft: Route {
        Route(
            .get, "/conversations/{id}/draft", "inbox.getDraft", "Tells what one has begun to answer.",
            policy: .signedIn, limit: Rates.reading, budget: 1
        ) { [office] (request: Request<ConversationRoutes.OfConversation>) in
            let draft = try await office.scheduled.drafts.draft(
                of: try request.person(), in: request.input.id, of: request.tenant)
            return DraftOutput(body: draft?.body ?? "", changedAt: draft?.changedAt)
        }
    }
}
