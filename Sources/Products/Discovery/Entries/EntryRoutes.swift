import Base
import Storage
import Web

/// Boards and entries over HTTP.
struct EntryRoutes {
    let room: WorkroomDesk

    var routes: [Route] { [board, page, add, move, edit, remove, removeMany] }

    private var desk: EntryDesk { room.entries }

    // MARK: Reading

    private struct BoardInput: Input {
        let id: ID<CreatorList>
        let cards: Int

        static let fields: [Field] = [
            .path("id", .id, "The list."),
            .query("cards", optional: .integer(1...ListEntry.Bounds.firstCards), default: 25, "Cards of each bucket."),
        ]
    }

    private var board: Route {
        Route(
            .get, "/lists/{id}/board", "discovery.getBoard",
            "Shows the totals of all buckets and the first cards of each.", policy: .signedIn, limit: Rates.reading,
            budget: 2, failures: [Failures.missing]
        ) { [room] (request: Request<BoardInput>) in
            try await refusing {
                let (input, tenant) = (request.input, request.tenant)
                let board = try await room.lists.board(input.id, for: try request.asker(), in: tenant)
                let cards = try await room.entries.store.firstCards(
                    of: input.id, buckets: board.buckets.map(\.bucket), each: input.cards, in: tenant)
                let names = try await room.names.names(
                    of: cards.values.joined().compactMap(\.contactedBy), in: tenant)
                return BoardOutput(board, cards, names: names)
            }
        }
    }

    private struct PageInput: Input {
        let id: ID<CreatorList>
        let bucket: String?
        let after: Cursor?
        let limit: Int

        static let fields: [Field] = [
            .path("id", .id, "The list."),
            .query("bucket", optional: .text(1...32), "Only this bucket, in the order of the board."),
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...200), default: 50),
        ]
    }

    private var page: Route {
        Route(
            .get, "/lists/{id}/entries", "discovery.listEntries", "Lists the entries of a list, or of one bucket.",
            policy: .signedIn, limit: Rates.reading, budget: 2, failures: [Failures.missing, Failures.cursor]
        ) { [room] (request: Request<PageInput>) in
            try await refusing {
                let (input, tenant, asker) = (request.input, request.tenant, try request.asker())
                let store = room.entries.store
                let page =
                    if let bucket = input.bucket {
                        try await store.page(
                            of: input.id, bucket: bucket, for: asker, after: input.after, limit: input.limit, in: tenant
                        )
                    } else {
                        try await store.page(
                            of: input.id, for: asker, after: input.after, limit: input.limit, in: tenant)
                    }
                // Nothing is what a stranger gets too: only then it is asked who may look.
                if page.items.isEmpty { _ = try await room.lists.board(input.id, for: asker, in: tenant) }
                let names = try await room.names.names(of: page.items.compactMap(\.contactedBy), in: tenant)
                return EntryPageOutput(
                    entries: page.items.map { EntryOutput($0, names: names) }, next: page.next?.description)
            }
        }
    }

    // MARK: Adding

    private struct SelectionInput: Decodable, Sendable {
        let searchId: ID<Search>?
        let listId: ID<CreatorList>?
        let platform: Platform?
        let followersMin: Int64?
        let followersMax: Int64?
        let engagementMin: Int64?
        let country: String?
        let language: String?
        let email: MatchFilter.Email?
        let includesUnknown: Bool?
        let keyword: Int?

        static let shape = Shape.object(
            [
                .body("searchId", optional: .id, "All that this search found."),
                .body("listId", optional: .id, "All that this list holds."),
            ] + FilterInput.fields)

        var filter: MatchFilter {
            MatchFilter(
                platform: platform, followersMin: followersMin, followersMax: followersMax,
                engagementMin: engagementMin, country: country, language: language, email: email,
                includesUnknown: includesUnknown ?? false, keyword: keyword)
        }
    }

    private struct AddInput: Input {
        let id: ID<CreatorList>
        let creatorIds: [ID<Creator>]?
        let selection: SelectionInput?
        let bucket: String?

        static let fields: [Field] = [
            .path("id", .id, "The list."),
            .body("creatorIds", optional: .list(.id, 1...ListEntry.Bounds.added)),
            .body("selection", optional: SelectionInput.shape, "Instead of ids: added by job, up to 50,000."),
            .body("bucket", optional: .text(1...32)),
        ]
    }

    private struct AddedOutput: Output {
        static let shape = Shape.object([
            .body("added", .integer), .body("alreadyThere", .integer), .body("unknown", .integer),
            .body("refused", .integer), .body("isQueued", .boolean, "Whether a job adds the selection."),
        ])

        let added: Int
        let alreadyThere: Int
        let unknown: Int
        let refused: Int
        let isQueued: Bool
    }

    private var add: Route {
        Route(
            .post, "/lists/{id}/entries", "discovery.addEntries", "Adds creators to a list.", policy: .signedIn,
            limit: Rates.writing, budget: 3, status: 201, failures: ListRoutes.changing + [ListRoutes.full]
        ) { [desk] (request: Request<AddInput>) in
            let input = request.input
            return try await refusing {
                let asker = try request.asker(atLeast: .editor)
                if let selection = input.selection {
                    try await desk.add(
                        try Self.selection(selection, of: input, by: asker), in: request.tenant)
                    return AddedOutput(added: 0, alreadyThere: 0, unknown: 0, refused: 0, isQueued: true)
                }
                guard let creators = input.creatorIds else {
                    throw DiscoveryError(.listInvalid, "Give creatorIds or a selection.")
                }
                let added = try await desk.add(
                    creators, to: input.id, bucket: input.bucket, by: asker, in: request.tenant)
                return AddedOutput(
                    added: added.added, alreadyThere: added.alreadyThere, unknown: added.unknown,
                    refused: added.refused, isQueued: false)
            }
        }
    }

    private static func selection(
        _ sent: SelectionInput, of input: AddInput, by asker: Asker
    ) throws(DiscoveryError) -> Selection {
        let source: Selection.Source
        switch (sent.searchId, sent.listId) {
        case (let search?, nil): source = .search(search)
        case (nil, let list?): source = .list(list)
        default: throw DiscoveryError(.listInvalid, "A selection is of one search or of one list.")
        }
        return Selection(list: input.id, source: source, filter: sent.filter, bucket: input.bucket, asker: asker)
    }

    // MARK: Changing

    private struct Typed: Decodable, Sendable {
        let key: String
        let value: String?

        static let shape = Shape.list(
            .object([
                .body("key", .text(1...ListField.Bounds.keyCharacters)),
                .body("value", optional: .text(0...ListField.Bounds.valueCharacters)),
            ]), 1...ListField.Bounds.fields)

        static func values(_ typed: [Typed]?) -> [String: String] {
            Dictionary((typed ?? []).map { ($0.key, $0.value ?? "") }, uniquingKeysWith: { $1 })
        }
    }

    private struct MoveInput: Input {
        let id: ID<ListEntry>
        let bucket: String?
        let rank: String?
        let isPinned: Bool?

        static let fields: [Field] = [
            .path("id", .id, "The entry."), .body("bucket", optional: .text(1...32)),
            .body("rank", optional: .text(1...Rank.Bounds.proposed), "The place that is proposed; none for the top."),
            .body("isPinned", optional: .boolean),
        ]
    }

    /// Where a card is now.
    private struct PlaceOutput: Output {
        static let shape = Shape.object([
            .body("id", .id), .body("bucket", .text), .body("rank", .text), .body("version", .integer),
        ])

        let id: ID<ListEntry>
        let bucket: String
        let rank: String
        let version: Int64

        init(_ entry: ChangedEntry) {
            id = entry.id
            bucket = entry.bucket
            rank = entry.rank.rawValue
            version = entry.version
        }
    }

    private var move: Route {
        Route(
            .patch, "/entries/{id}", "discovery.moveEntry",
            "Moves a card, or pins it; the answer is the place that everybody sees.", policy: .signedIn,
            limit: .per(.person, "discovery.move", 240), budget: 5, failures: ListRoutes.changing
        ) { [desk] (request: Request<MoveInput>) in
            let input = request.input
            return try await refusing {
                let asker = try request.asker(atLeast: .editor)
                if let isPinned = input.isPinned {
                    try await desk.pin(input.id, isPinned, by: asker, in: request.tenant)
                }
                guard input.bucket != nil || input.rank != nil else {
                    guard
                        let entry = try await desk.store.entry(
                            input.id, for: asker, through: room.storage.reader(for: request.tenant), in: request.tenant)
                    else { throw DiscoveryError.missing("entry") }
                    return PlaceOutput(ChangedEntry(entry))
                }
                let rank = try input.rank.map { text throws(DiscoveryError) in
                    guard let rank = Rank(rawValue: text) else {
                        throw DiscoveryError(.listInvalid, "A rank is made of letters and digits.")
                    }
                    return rank
                }
                return PlaceOutput(
                    try await desk.move(input.id, to: input.bucket, rank: rank, by: asker, in: request.tenant))
            }
        }
    }

    private struct EditInput: Input {
        let id: ID<CreatorList>
        let entryIds: [ID<ListEntry>]
        let fields: [Typed]?
        let bucket: String?

        static let fields: [Field] = [
            .path("id", .id, "The list."), .body("entryIds", .list(.id, 1...ListEntry.Bounds.changed)),
            .body("fields", optional: Typed.shape, "What is written into each; an empty value goes."),
            .body("bucket", optional: .text(1...32)),
        ]
    }

    private struct ChangedOutput: Output {
        static let shape = Shape.object([.body("changed", .integer)])

        let changed: Int
    }

    private var edit: Route {
        Route(
            .patch, "/lists/{id}/entries", "discovery.editEntries",
            "Writes fields or the bucket of many entries alike.",
            policy: .signedIn, limit: Rates.writing, budget: 4, failures: ListRoutes.changing
        ) { [desk] (request: Request<EditInput>) in
            let input = request.input
            return try await refusing {
                ChangedOutput(
                    changed: try await desk.edit(
                        input.entryIds, of: input.id, fields: Typed.values(input.fields), bucket: input.bucket,
                        by: try request.asker(atLeast: .editor), in: request.tenant
                    ).count)
            }
        }
    }

    // MARK: Removing

    private struct EntryInput: Input {
        let id: ID<ListEntry>

        static let fields: [Field] = [.path("id", .id, "The entry.")]
    }

    private var remove: Route {
        Route(
            .delete, "/entries/{id}", "discovery.removeEntry", "Takes an entry out of its list.", policy: .signedIn,
            limit: Rates.writing, budget: 4, status: 204, failures: ListRoutes.changing
        ) { [room] (request: Request<EntryInput>) in
            try await refusing {
                let asker = try request.asker(atLeast: .editor)
                guard
                    let entry = try await room.entries.store.entry(
                        request.input.id, for: asker, through: room.storage.reader(for: request.tenant),
                        in: request.tenant)
                else { throw DiscoveryError.missing("entry") }
                _ = try await room.entries.remove([entry.id], from: entry.listID, by: asker, in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct RemoveInput: Input {
        let id: ID<CreatorList>
        let entryIds: [ID<ListEntry>]

        static let fields: [Field] = [
            .path("id", .id, "The list."), .body("entryIds", .list(.id, 1...ListEntry.Bounds.changed)),
        ]
    }

    private var removeMany: Route {
        Route(
            .delete, "/lists/{id}/entries", "discovery.removeEntries", "Takes many entries out of a list.",
            policy: .signedIn, limit: Rates.writing, budget: 3, failures: ListRoutes.changing
        ) { [desk] (request: Request<RemoveInput>) in
            try await refusing {
                ChangedOutput(
                    changed: try await desk.remove(
                        request.input.entryIds, from: request.input.id, by: try request.asker(atLeast: .editor),
                        in: request.tenant))
            }
        }
    }
}

/// The members of an input that make a filter.
enum FilterInput {
    static let fields: [Field] = [
        .body("platform", optional: .choice(Platform.self)),
        .body("followersMin", optional: .integer(0...Int(Int32.max) * 4)),
        .body("followersMax", optional: .integer(0...Int(Int32.max) * 4)),
        .body("engagementMin", optional: .integer(0...100_000_000), "In millionths."),
        .body("country", optional: .text(2...2)), .body("language", optional: .text(2...8)),
        .body("email", optional: .choice(MatchFilter.Email.self)),
        .body("includesUnknown", optional: .boolean, "Whether those pass whose number nobody knows."),
        .body("keyword", optional: .integer(0...49)),
    ]
}

extension ChangedEntry {
    /// Where an entry stands that has not changed.
    init(_ entry: ListEntry) {
        self.init(
            id: entry.id, listID: entry.listID, creatorID: entry.creatorID, movedFrom: entry.bucket,
            bucket: entry.bucket, rank: entry.rank, followers: entry.followers, version: entry.version)
    }
}
