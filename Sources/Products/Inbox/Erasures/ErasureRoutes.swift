import Base
import Storage
import Web

/// Deleting contacts over HTTP.
struct ErasureRoutes: Sendable {
    let office: Office

    var routes: [Route] { [remove, start, show] }

    private struct ErasureOutput: Output {
        static let shape = Shape.object([
            .body("id", .id), .body("state", .choice(Erasure.State.self)), .body("erased", .integer),
            .body("createdAt", .timestamp), .body("finishedAt", optional: .timestamp),
        ])

        let id: ID<Erasure>
        let state: Erasure.State
        let erased: Int64
        let createdAt: Timestamp
        let finishedAt: Timestamp?

        init(_ erasure: Erasure) {
            id = erasure.id
            state = erasure.state
            erased = erasure.erased
            createdAt = erasure.createdAt
            finishedAt = erasure.finishedAt
        }
    }

    private struct OfContact: Input {
        static let fields: [Field] = [.path("id", .id, "The contact.")]

        let id: ID<Contact>
    }

    private var remove: Route {
        Route(
            .delete, "/contacts/{id}", "inbox.deleteContact",
            "Has a contact be deleted with all that was said; the work is done beside requests.", policy: .signedIn,
            limit: Rates.writing, budget: 6, status: 202, failures: [Failures.notAllowed, Failures.missing]
        ) { [office] (request: Request<OfContact>) in
            try await refusing {
                let person = try request.context.person(atLeast: .admin)
                let contact = try await office.contacts.contact(request.input.id, in: request.tenant)
                return ErasureOutput(try await office.erasures.erase([contact.id], by: person, in: request.tenant))
            }
        }
    }

    private struct StartInput: Input {
        static let fields: [Field] = [
            .body("contacts", optional: .list(.id, 1...Erasure.Bounds.named), "Those that are named."),
            .body("words", optional: .text(0...120), "All that these words find; all there are when empty."),
        ]

        let contacts: [ID<Contact>]?
        let words: String?
    }

    private var start: Route {
        Route(
            .post, "/contacts/erasures", "inbox.deleteContacts",
            "Has many contacts be deleted with all that was said: those that are named, else those that words find.",
            policy: .signedIn, limit: Rates.writing, budget: 5, status: 202,
            failures: [Failures.notAllowed, Failures.limit, Failure("inbox.contactInvalid", 422, "Neither is given.")]
        ) { [office] (request: Request<StartInput>) in
            let input = request.input
            return try await refusing {
                let person = try request.context.person(atLeast: .admin)
                if let contacts = input.contacts {
                    return ErasureOutput(try await office.erasures.erase(contacts, by: person, in: request.tenant))
                }
                guard let words = input.words else {
                    throw InboxError(.contactInvalid, "Say which contacts: name them, or give words.")
                }
                return ErasureOutput(try await office.erasures.erase(found: words, by: person, in: request.tenant))
            }
        }
    }

    private struct OfErasure: Input {
        static let fields: [Field] = [.path("id", .id, "The request.")]

        let id: ID<Erasure>
    }

    private var show: Route {
        Route(
            .get, "/contacts/erasures/{id}", "inbox.getErasure", "Tells how far a deletion is.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.notAllowed, Failures.missing]
        ) { [office] (request: Request<OfErasure>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let found = try await office.erasures.store.erasure(
                    request.input.id, through: office.storage.reader(for: request.tenant), in: request.tenant)
                guard let found else { throw InboxError.missing("deletion") }
                return ErasureOutput(found)
            }
        }
    }
}
