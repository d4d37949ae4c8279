import Base
import Storage
import Web

/// Cards by form, for browsers without script.
struct EntryPageRoutes {
    let room: WorkroomDesk

    var routes: [Route] { [move, contact, pin, note] }

    private struct MoveSent: Input {
        let id: ID<ListEntry>
        let listId: ID<CreatorList>
        let bucket: String

        static let fields: [Field] = [.path("id", .id), .body("listId", .id), .body("bucket", .text(1...32))]
    }

    private var move: Route {
        Route(
            .post, "/discovery/entries/{id}/move", "discovery.sendMove", "Moves a card to the top of a bucket by form.",
            policy: .signedIn, limit: Rates.writing, budget: 6, accepts: .form, status: 303
        ) { [room] (request: Request<MoveSent>) in
            let input = request.input
            return try await Said.after(Addresses.list(input.listId), anchor: "card-\(input.id)") {
                try await refusing {
                    _ = try await room.entries.move(
                        input.id, to: input.bucket, rank: nil, by: try request.asker(atLeast: .editor),
                        in: request.tenant)
                }
                return "cardMoved"
            }
        }
    }

    private struct ContactSent: Input {
        let id: ID<ListEntry>
        let listId: ID<CreatorList>
        let creatorId: ID<Creator>
        let bucket: String?
        let channel: Contact.Channel
        let text: String?
        let force: Bool

        static let fields: [Field] = [
            .path("id", .id), .body("listId", .id), .body("creatorId", .id), .body("bucket", optional: .text(1...32)),
            .body("channel", .choice(Contact.Channel.self)),
            .body("text", optional: .text(0...Contact.Bounds.textCharacters)),
            .body("force", optional: .boolean, default: .boolean(false)),
        ]
    }

    private var contact: Route {
        Route(
            .post, "/discovery/entries/{id}/contact", "discovery.sendContact",
            "Writes down by form that I wrote to a creator.", policy: .signedIn, limit: Rates.writing, budget: 6,
            accepts: .form, status: 303
        ) { [room] (request: Request<ContactSent>) in
            let input = request.input
            return try await Said.after(Addresses.list(input.listId), anchor: "card-\(input.id)") {
                try await refusing {
                    let message = EntryDesk.Message(
                        creator: input.creatorId, channel: input.channel, text: input.text,
                        entry: (input.id, input.bucket ?? "contacted"), isForced: input.force)
                    _ = try await room.entries.contact(
                        message, by: try request.asker(atLeast: .editor), in: request.tenant)
                }
                return "contacted"
            }
        }
    }

    private struct PinSent: Input {
        let id: ID<ListEntry>
        let listId: ID<CreatorList>
        let wanted: Bool

        static let fields: [Field] = [.path("id", .id), .body("listId", .id), .body("wanted", .boolean)]
    }

    private var pin: Route {
        Route(
            .post, "/discovery/entries/{id}/pin", "discovery.sendPin", "Pins a creator to my dashboard by form.",
            policy: .signedIn, limit: Rates.writing, budget: 3, accepts: .form, status: 303
        ) { [room] (request: Request<PinSent>) in
            let input = request.input
            return try await Said.after(Addresses.list(input.listId), anchor: "card-\(input.id)") {
                try await refusing {
                    try await room.entries.pin(
                        input.id, input.wanted, by: try request.asker(atLeast: .editor), in: request.tenant)
                }
                return input.wanted ? "pinned" : "unpinned"
            }
        }
    }

    private struct NoteSent: Input {
        let listId: ID<CreatorList>?
        let creatorId: ID<Creator>?
        let text: String?

        static let fields: [Field] = [
            .body("listId", optional: .id), .body("creatorId", optional: .id),
            .body("text", optional: .text(0...Contact.Bounds.textCharacters)),
        ]
    }

    private var note: Route {
        Route(
            .post, "/discovery/notes", "discovery.sendNote", "Writes a note by form.", policy: .signedIn,
            limit: Rates.writing, budget: 3, accepts: .form, status: 303
        ) { [room] (request: Request<NoteSent>) in
            let input = request.input
            let path =
                input.listId.map { Addresses.list($0) } ?? input.creatorId.map { Addresses.creator($0) }
                ?? Addresses.base
            return try await Said.after(path, anchor: "notes") {
                try await refusing {
                    _ = try await room.note(
                        input.text ?? "", list: input.listId, creator: input.creatorId,
                        by: try request.asker(atLeast: .editor), in: request.tenant)
                }
                return "noted"
            }
        }
    }
}
