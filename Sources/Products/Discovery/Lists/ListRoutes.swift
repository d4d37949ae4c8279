import Base
import Storage
import Web

/// Lists over HTTP.
struct ListRoutes {
    let room: WorkroomDesk

    var routes: [Route] {
        [list, create, show, change, delete, duplicate, star, unstar, setMember, removeMember, members]
    }

    private var desk: ListDesk { room.lists }

    static let busy = Failure("discovery.listBusy", 409, "The list is archived, or is being put into other buckets.")
    static let invalid = Failure("discovery.listInvalid", 422, "A name, field or value breaks a rule that is named.")
    static let limit = Failure("discovery.limitReached", 409, "There are as many of these as there may be.")
    static let full = Failure("discovery.listFull", 409, "There was no room for any of them.")
    static let changing = [Failures.missing, Failures.notAllowed, busy, invalid]

    // MARK: Reading

    private struct PageInput: Input {
        let search: String?
        let starred: Bool
        let archived: Bool
        let campaignId: ID<Campaign>?
        let after: Cursor?
        let limit: Int

        static let fields: [Field] = [
            .query("search", optional: .text(1...120), "Words of the name."),
            .query("starred", optional: .boolean, default: .boolean(false), "Only those with my star."),
            .query("archived", optional: .boolean, default: .boolean(false), "Those that are archived instead."),
            .query("campaignId", optional: .id), .query("after", optional: .cursor),
            .query("limit", optional: .integer(1...100), default: 20),
        ]
    }

    private struct PageAnswer: Output {
        static let shape = Shape.object([
            .body("lists", .list(.object(ListOutput.fields))), .body("next", optional: .cursor),
        ])

        let lists: [ListOutput]
        let next: String?
    }

    private var list: Route {
        Route(
            .get, "/lists", "discovery.listLists", "Lists the lists that one sees, the newest first.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [desk] (request: Request<PageInput>) in
            let input = request.input
            var filter = ListStore.Filter()
            filter.words = input.search
            filter.isStarred = input.starred
            filter.isArchived = input.archived
            filter.campaign = input.campaignId
            let wanted = filter
            let page = try await refusing {
                try await desk.page(
                    wanted, for: try request.asker(), after: input.after, limit: input.limit, in: request.tenant)
            }
            return PageAnswer(lists: page.items.map(ListOutput.init), next: page.next?.description)
        }
    }

    struct IDInput: Input {
        let id: ID<CreatorList>

        static let fields: [Field] = [.path("id", .id, "The list.")]
    }

    private var show: Route {
        Route(
            .get, "/lists/{id}", "discovery.getList", "Tells of a list.", policy: .signedIn, limit: Rates.reading,
            budget: 1, failures: [Failures.missing]
        ) { [desk] (request: Request<IDInput>) in
            try await refusing {
                ListOutput(
                    try await desk.board(request.input.id, for: try request.asker(), in: request.tenant).shown)
            }
        }
    }

    // MARK: Making and changing

    private static let fieldShape = Shape.object([
        .body("key", .text(1...ListField.Bounds.keyCharacters)),
        .body("label", .text(1...ListField.Bounds.labelCharacters)), .body("kind", .choice(ListField.Kind.self)),
        .body("options", optional: .list(.text(1...32), 0...ListField.Bounds.options)),
    ])

    private struct FieldInput: Decodable, Sendable {
        let key: String
        let label: String
        let kind: ListField.Kind
        let options: [String]?

        var field: ListField { ListField(key: key, label: label, kind: kind, options: options ?? []) }
    }

    private struct CreateInput: Input {
        let name: String
        let kind: CreatorList.Kind
        let visibility: CreatorList.Visibility
        let campaignId: ID<Campaign>?
        let fields: [FieldInput]?

        static let fields: [Field] = [
            .body("name", .text(1...200)),
            .body("kind", optional: .choice(CreatorList.Kind.self), default: "custom"),
            .body("visibility", optional: .choice(CreatorList.Visibility.self), default: "team"),
            .body("campaignId", optional: .id),
            .body("fields", optional: .list(ListRoutes.fieldShape, 1...ListField.Bounds.fields)),
        ]
    }

    private var create: Route {
        Route(
            .post, "/lists", "discovery.createList", "Makes a list.", policy: .signedIn, limit: Rates.writing,
            budget: 5, status: 201, failures: [Failures.notAllowed, Self.invalid, Self.limit]
        ) { [desk] (request: Request<CreateInput>) in
            let input = request.input
            return try await refusing {
                var draft = ListDesk.Draft(
                    name: input.name, kind: input.kind, visibility: input.visibility, campaign: input.campaignId)
                if let fields = input.fields {
                    draft.fields = fields.map(\.field)
                    if !draft.fields.contains(where: { $0.key == ListField.stageKey }) {
                        draft.fields.insert(.stage, at: 0)
                    }
                }
                return ListOutput(
                    try await desk.create(draft, by: try request.asker(atLeast: .editor), in: request.tenant))
            }
        }
    }

    private struct ChangeInput: Input {
        let id: ID<CreatorList>
        let name: String?
        let kind: CreatorList.Kind?
        let visibility: CreatorList.Visibility?
        let campaignId: ID<Campaign>?
        let isArchived: Bool?
        let bucketField: String?
        let fields: [FieldInput]?

        static let fields: [Field] = [
            .path("id", .id, "The list."), .body("name", optional: .text(1...200)),
            .body("kind", optional: .choice(CreatorList.Kind.self)),
            .body("visibility", optional: .choice(CreatorList.Visibility.self)),
            .body("campaignId", optional: .id), .body("isArchived", optional: .boolean),
            .body("bucketField", optional: .text(1...32), "The select field whose values are the buckets."),
            .body("fields", optional: .list(ListRoutes.fieldShape, 1...ListField.Bounds.fields)),
        ]
    }

    private var change: Route {
        Route(
            .patch, "/lists/{id}", "discovery.changeList", "Changes a list.", policy: .signedIn, limit: Rates.writing,
            budget: 6, failures: Self.changing
        ) { [desk] (request: Request<ChangeInput>) in
            let input = request.input
            return try await refusing {
                var change = ListDesk.Change()
                change.name = input.name
                change.kind = input.kind
                change.visibility = input.visibility
                if let campaign = input.campaignId { change.campaign = .some(campaign) }
                change.isArchived = input.isArchived
                change.bucketField = input.bucketField
                change.fields = input.fields?.map(\.field)
                return ListOutput(
                    try await desk.change(
                        input.id, change, by: try request.asker(atLeast: .editor), in: request.tenant))
            }
        }
    }

    private var delete: Route {
        Route(
            .delete, "/lists/{id}", "discovery.deleteList", "Deletes a list with everything in it.", policy: .signedIn,
            limit: Rates.writing, budget: 120, status: 204, failures: Self.changing
        ) { [desk] (request: Request<IDInput>) in
            try await refusing {
                try await desk.delete(
                    request.input.id, by: try request.asker(atLeast: .editor), in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct DuplicateInput: Input {
        let id: ID<CreatorList>
        let name: String?

        static let fields: [Field] = [.path("id", .id, "The list."), .body("name", optional: .text(1...200))]
    }

    private var duplicate: Route {
        Route(
            .post, "/lists/{id}/duplicates", "discovery.duplicateList",
            "Makes a list of the same columns; its creators follow by job.", policy: .signedIn, limit: Rates.writing,
            budget: 6, status: 201, failures: [Failures.missing, Failures.notAllowed, Self.limit]
        ) { [desk] (request: Request<DuplicateInput>) in
            try await refusing {
                ListOutput(
                    try await desk.duplicate(
                        request.input.id, named: request.input.name, by: try request.asker(atLeast: .editor),
                        in: request.tenant))
            }
        }
    }

    // MARK: Stars and members

    private var star: Route {
        Route(
            .put, "/lists/{id}/star", "discovery.starList", "Puts my star on a list.", policy: .signedIn,
            limit: Rates.writing, budget: 1, status: 204, failures: [Failures.missing]
        ) { [desk] (request: Request<IDInput>) in
            try await refusing {
                try await desk.star(request.input.id, true, by: try request.asker(), in: request.tenant)
                return NoContent()
            }
        }
    }

    private var unstar: Route {
        Route(
            .delete, "/lists/{id}/star", "discovery.unstarList", "Takes my star off a list.", policy: .signedIn,
            limit: Rates.writing, budget: 1, status: 204, failures: [Failures.missing]
        ) { [desk] (request: Request<IDInput>) in
            try await refusing {
                try await desk.star(request.input.id, false, by: try request.asker(), in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct MemberInput: Input {
        let id: ID<CreatorList>
        let person: ID<Person>
        let role: ListRole

        static let fields: [Field] = [
            .path("id", .id, "The list."), .path("person", .id), .body("role", .choice(ListRole.self)),
        ]
    }

    private var setMember: Route {
        Route(
            .put, "/lists/{id}/members/{person}", "discovery.setListMember", "Gives somebody a role in a list.",
            policy: .signedIn, limit: Rates.writing, budget: 3, status: 204, failures: Self.changing
        ) { [desk] (request: Request<MemberInput>) in
            try await refusing {
                try await desk.setMember(
                    request.input.person, request.input.role, of: request.input.id,
                    by: try request.asker(atLeast: .editor), in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct MemberGoes: Input {
        let id: ID<CreatorList>
        let person: ID<Person>

        static let fields: [Field] = [.path("id", .id, "The list."), .path("person", .id)]
    }

    private var removeMember: Route {
        Route(
            .delete, "/lists/{id}/members/{person}", "discovery.removeListMember",
            "Takes somebody's role in a list away.",
            policy: .signedIn, limit: Rates.writing, budget: 3, status: 204, failures: Self.changing
        ) { [desk] (request: Request<MemberGoes>) in
            try await refusing {
                try await desk.removeMember(
                    request.input.person, of: request.input.id, by: try request.asker(), in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct MemberOutput: Output {
        static let shape = Shape.object([
            .body("person", .id), .body("name", .text), .body("role", .choice(ListRole.self)),
        ])

        let person: ID<Person>
        let name: String
        let role: ListRole
    }

    private var members: Route {
        Route(
            .get, "/lists/{id}/members", "discovery.listListMembers", "Lists who has a role of their own in a list.",
            policy: .signedIn, limit: Rates.reading, budget: 2, failures: [Failures.missing]
        ) { [room] (request: Request<IDInput>) in
            try await refusing {
                _ = try await room.lists.board(request.input.id, for: try request.asker(), in: request.tenant)
                let members = try await room.lists.store.members(of: request.input.id, in: request.tenant)
                let names = try await room.names.names(of: members.map(\.person), in: request.tenant)
                return members.map {
                    MemberOutput(person: $0.person, name: names[$0.person] ?? "Somebody", role: $0.role)
                }
            }
        }
    }
}
