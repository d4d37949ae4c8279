import Base
import Storage
import Web

/// Files of conversations, to who may see them.
struct FileRoutes: Sendable {
    let office: Office

    var routes: [Route] { [get, shared, picture, upload, typing] }

    private struct OfFile: Input {
        static let fields: [Field] = [.path("id", .id, "The file.")]

        let id: ID<StoredFile>
    }

    private var get: Route {
        Route(
            .get, "/files/{id}", "inbox.getFile", "A file of a conversation, or a part of it.", policy: .signedIn,
            limit: .per(.person, "inbox.files", 600), budget: 1, cache: .privateRevalidate,
            failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfFile>) in
            try await refusing {
                let agent = try await office.agents.agent(of: request.context)
                let file = try await office.files.file(request.input.id, in: request.tenant)
                // What of a channel is not theirs to see is not there for them.
                guard agent.sees(file.channelID) else { throw InboxError.missing("file") }
                return office.files.answer(file, in: request.tenant)
            }
        }
    }

    private struct SharedInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The file."), .query("expires", .integer(1...100_000_000_000)),
            .query("signature", .text(43...43)),
        ]

        let id: ID<StoredFile>
        let expires: Int64
        let signature: String
    }

    /// What vendors fetch by, who have no session.
    private var shared: Route {
        Route(
            .get, "/files/{id}/shared", "inbox.getSharedFile", "A file by an address that was signed for an hour.",
            policy: .anyone, limit: .per(.address, "inbox.sharedFiles", 600), budget: 1, failures: [Failures.missing]
        ) { [office] (request: Request<SharedInput>) in
            let input = request.input
            return try await refusing {
                let isGood = office.files.isGood(
                    input.id, expires: input.expires, signature: input.signature, in: request.tenant)
                guard isGood else { throw InboxError.missing("file") }
                return office.files.answer(
                    try await office.files.file(input.id, in: request.tenant), in: request.tenant)
            }
        }
    }

    private struct OfContact: Input {
        static let fields: [Field] = [.path("id", .id, "The contact.")]

        let id: ID<Contact>
    }

    private var picture: Route {
        Route(
            .get, "/contacts/{id}/picture", "inbox.getContactPicture", "Our copy of a contact's picture.",
            policy: .signedIn, limit: .per(.person, "inbox.files", 600), budget: 2, cache: .privateRevalidate,
            failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfContact>) in
            try await refusing {
                _ = try request.context.person(atLeast: .agent)
                let found = try await office.contacts.store.picture(
                    of: request.input.id, through: office.storage.reader(for: request.tenant), in: request.tenant)
                guard let found else { throw InboxError.missing("picture") }
                return office.files.answer(
                    try await office.files.file(found, in: request.tenant), in: request.tenant)
            }
        }
    }

    private struct UploadInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The conversation."), .query("channelId", .id, "The conversation's channel."),
            .query("clientId", .text(1...Message.Bounds.clientIDBytes)),
            .query("seen", .integer(0...Int(Int32.max)), "The number of the newest message that its author has seen."),
            .query("name", optional: .text(1...StoredFile.Bounds.nameCharacters)),
            .query("confirm", optional: .boolean, default: .boolean(false)),
            .query("undo", optional: .integer(ReplyDesk.Bounds.undo), default: 5),
        ]

        let id: ID<Conversation>
        let channelId: ID<Channel>
        let clientId: String
        let seen: Int64
        let name: String?
        let confirm: Bool
        let undo: Int
    }

    /// A file is an answer of its own: the vendors have no other.
    private var upload: Route {
        Route(
            .post, "/conversations/{id}/files", "inbox.replyWithFile", "Answers a customer with a file.",
            policy: .signedIn, limit: Rates.sending, budget: 11, bodyLimit: StoredFile.Bounds.bytes, accepts: .bytes,
            deadline: .seconds(300), status: 201,
            failures: [
                Failures.missing, Failures.closed, Failures.message,
                Failure("inbox.fileTooLarge", 413, "The file is larger than may be."),
                Failure("inbox.windowClosed", 409, "The vendor takes no answer so long after the customer's last."),
                Failure("inbox.threadMoved", 409, "Somebody has answered meanwhile; what they said is told."),
            ]
        ) { [office] (request: Request<UploadInput>) in
            let (input, context) = (request.input, request.context)
            return try await refusing {
                let person = try context.person(atLeast: .agent)
                let file = try await office.files.keep(
                    FileDesk.Upload(
                        channel: input.channelId, origin: .agent, person: person, name: input.name,
                        mediaType: context.header("content-type"), length: context.announcedLength),
                    from: context.body, in: request.tenant)
                var draft = ReplyDesk.Draft(
                    conversation: input.id, channel: input.channelId, body: "", clientID: input.clientId,
                    seen: input.seen, isConfirmed: input.confirm, undo: input.undo)
                draft.file = file
                return MessageLine(try await office.replies.reply(draft, by: person, in: request.tenant))
            }
        }
    }

    private struct OfConversation: Input {
        static let fields: [Field] = [.path("id", .id, "The conversation.")]

        let id: ID<Conversation>
    }

    /// What colleagues see they tell each other; this is for the customer.
    private var typing: Route {
        Route(
            .post, "/conversations/{id}/typing", "inbox.showTyping", "Shows the customer that somebody is typing.",
            policy: .signedIn, limit: .per(.person, "inbox.signs", 60), budget: 2, status: 204,
            failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfConversation>) in
            try await refusing {
                _ = try request.context.person(atLeast: .agent)
                try await office.sending.showTyping(in: request.input.id, of: request.tenant)
                return NoContent()
            }
        }
    }
}
